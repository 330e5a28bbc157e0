import * as z from "zod";
import { QUEUE_NAME_BYTES_MAX } from "../broker/amqp/topology.ts";
import type { SubscriptionSettings } from "../flow/settings.ts";
import { type Broker, brokerKeys, brokerSettings, declare, exchange, parseName, prefix } from "./broker.ts";
import { command, duration, textField } from "./fields.ts";
import { checkPath, type LocalBase } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import { routeKeys } from "./routes.ts";
import { formatDuration, parseDuration } from "./units.ts";

const DAY_MS = 86_400_000;
/** RabbitMQ 3.10 refuses more. */
const EXPIRE_MS_MAX = 3650 * DAY_MS;
const TOPIC_BYTES_MAX = 150;
const PREFETCH_PER_LANE = 200;

/** Where changes become messages there are no lanes, and the broker's window is what limits. */
export function defaultPrefetch(lanes: number | null): number {
  return PREFETCH_PER_LANE * (lanes ?? 5);
}

function parseTopic(text: string): Parsed<string> {
  const levels = text.split(/[./]/);
  if (levels.includes("") || /[\s\p{C}]/u.test(text))
    return bad("a topic is words, apart by / or dots; # stands for all, * for one word", "#");
  if (levels.some((level) => level.length > 1 && /[#*+]/.test(level))) return bad("# and * stand for whole words of a topic, and alone");
  return Buffer.byteLength(text) <= TOPIC_BYTES_MAX ? good(text) : bad(`a topic has at most ${TOPIC_BYTES_MAX} bytes`);
}

function parseQueue(text: string): Parsed<string> {
  const name = parseName(text, "a queue", QUEUE_NAME_BYTES_MAX);
  return name.ok && text.startsWith("amq.") ? bad("names of queues that begin with amq. are the broker's own") : name;
}

/** null: never. */
function parseLimit(text: string): Parsed<number | null> {
  if (text === "never") return good(null);
  const parsed = parseDuration(text);
  if (!parsed.ok) return bad(`${parsed.message}, or never`, parsed.suggestion ?? (/^(none|off|0s?)$/i.test(text) ? "never" : undefined));
  if (parsed.value < 1000) return bad("less than a second would lose messages: write never for no limit", "never");
  return parsed.value <= EXPIRE_MS_MAX ? parsed : bad(`a broker takes at most ${formatDuration(EXPIRE_MS_MAX)}`, "never");
}

const limit = () =>
  textField({
    title: "duration, or never",
    pattern: String.raw`^(never|\d+(\.\d+)? ?(s|m|h|d|w))$`,
    examples: ["never", "2d"],
    parse: parseLimit,
  });

const subscribe = z.strictObject({
  ...brokerKeys,
  exchange: exchange.describe("The exchange that others publish to; with MQTT the first level of the topic."),
  prefix,
  topics: z
    .array(textField({ title: "topic", examples: ["#", "lab/*/raw"], parse: parseTopic }))
    .min(1)
    .max(100)
    .meta({ title: "list of topics" })
    .prefault(["#"])
    .describe("Which messages are wanted, by the directories of their paths: `#` stands for all, `*` for one level."),
  queue: textField({ title: "queue", pattern: "^\\S{1,240}$", examples: ["q_bob.hotdir.down"], parse: parseQueue })
    .optional()
    .describe("The queue, whose messages all hosts that name it share. Default: `q_USER.hotdir.FLOW`."),
  durable: z.boolean().prefault(true).describe("The queue outlives a restart of the broker."),
  expire: limit().prefault("never").describe("The broker removes the queue, with all that waits in it, when nobody used it for so long."),
  message_ttl: limit().prefault("never").describe("The broker drops what has waited in the queue for longer."),
  declare: declare("the queue and its bindings"),
  prefetch: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe(
      `The most messages that this host has under way. Default: ${PREFETCH_PER_LANE} for each of the destination's lanes, ${defaultPrefetch(null)} where it has none.`,
    ),
  priority: z
    .int()
    .min(-100)
    .max(100)
    .prefault(0)
    .describe(
      "Hosts with a higher one get messages first, as long as they take them: for a host that is to help only then. RabbitMQ only.",
    ),
});

export type Base = { kind: "url" } | { kind: "directory"; path: string };

function parseBase(text: string): Parsed<Base> {
  if (text === "url") return good({ kind: "url" });
  const path = checkPath(text);
  return path.ok ? good({ kind: "directory", path: path.value }) : path;
}

/** The keys of a source that has messages for changes, `subscribe` itself among them. */
export const subscribedKeys = {
  subscribe: subscribe
    .optional()
    .describe("Instead of `directory`: messages of a broker tell what changed, and where it is. What is sent is what is there by then."),
  base: textField({ title: "path, or url", examples: ["~/to_hpfx", "url"], parse: parseBase })
    .prefault("url")
    .describe(
      "With `subscribe`: where the files of messages with `file:` URLs are. `url`: at the path of the message's base URL; a directory: at the relative path below it, and nowhere else.",
    ),
  ssh: command
    .optional()
    .describe("With `subscribe`: the ssh command that fetches from `sftp:` URLs. Default: the environment's `HOTDIR_SSH`, else `ssh`."),
  match: z
    .enum(["path", "url"])
    .prefault("path")
    .describe(
      "With `subscribe`: what `accept`, `reject` and `routes` look at: the relative path, anywhere in it; or base URL and path together, from the start, as Sarracenia does.",
    ),
  ...routeKeys,
  duplicates: duration({ minMs: 0, maxMs: 400 * DAY_MS })
    .prefault("0s")
    .describe("With `subscribe`: a message that tells nothing new about its path, within so long after one that was done, is passed over."),
};

type SubscribeValue = z.output<typeof subscribe>;

export function subscriptionSettings(value: SubscribeValue, of: { flow: string; prefetch: number; base: LocalBase }): SubscriptionSettings {
  return {
    broker: brokerSettings(value, of.base),
    exchange: value.exchange,
    topicPrefix: value.prefix,
    subtopics: value.topics,
    // A rule has seen to it that there is one, or a user to make it of.
    queue: value.queue ?? defaultQueue(value.broker, of.flow) ?? "",
    durable: value.durable,
    expireMs: value.expire,
    messageTtlMs: value.message_ttl,
    declare: value.declare,
    prefetch: value.prefetch ?? of.prefetch,
    priority: value.priority,
  };
}

/** null: the address says no user. */
export function defaultQueue(broker: Broker, flow: string): string | null {
  const { user } = broker.address;
  return user === null ? null : `q_${user}.hotdir.${flow}`;
}
