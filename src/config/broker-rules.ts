import { sameBroker } from "../broker/amqp/address.ts";
import { bodySchema } from "../broker/messages/body-schema.ts";
import { directoryFault } from "../flow/receive/route-directory.ts";
import { type AbsPath, below, show } from "../kernel/path.ts";
import type { Broker } from "./broker.ts";
import { resolvePlace } from "./destination.ts";
import type { FlowValue } from "./flow.ts";
import { resolvePath } from "./local-path.ts";
import type { RouteValue } from "./routes.ts";
import type { RuleFacts, RuleFault } from "./rules.ts";
import type { Partially } from "./shape.ts";
import { defaultQueue } from "./subscribe.ts";
import { keysWithoutEffect, rolesOf } from "./without-effect.ts";

/** What needs more than one value of a flow that speaks to a broker. Each is silent where its values are missing or wrong. */
export const brokerRules: Array<(facts: RuleFacts) => RuleFault[]> = [
  keysDoSomething,
  subscribedSettle,
  queueHasName,
  topicsFitMqtt,
  mqttHasNoQueues,
  routesOrExpressions,
  routesAreWhole,
  publishIsAll,
  publishedDigest,
  headersAreOwn,
  baseIsOutside,
  noLoop,
];

function keysDoSomething({ written }: RuleFacts): RuleFault[] {
  return keysWithoutEffect(written)
    .filter(({ path }) => written(...path))
    .map(({ path, why }) => ({ path, about: "key", message: `${path.at(-1)} does nothing ${why}` }));
}

function subscribedSettle({ flow, written }: RuleFacts): RuleFault[] {
  if (!rolesOf(written).subscribes || !written("source", "settle") || flow.source?.settle === undefined) return [];
  const { settle } = flow.source;
  if ("kind" in settle && settle.kind === "quiet") return [];
  const message =
    "a message is sent when its file is complete: with subscribe settle is how long to wait for newer ones, such as 0s or 30s";
  return [{ path: ["source", "settle"], message, suggestion: "0s" }];
}

function queueHasName({ flow, written }: RuleFacts): RuleFault[] {
  const broker = flow.source?.subscribe?.broker;
  if (broker === undefined || written("source", "subscribe", "queue") || broker.address.user !== null) return [];
  const message = "the default queue is named after the broker's user, and the address has none: write the user before @, or a queue";
  return [{ path: ["source", "subscribe", "broker"], message, suggestion: withUser(broker) }];
}

function withUser({ url }: Broker): string {
  return url.replace("://", "://USER@");
}

/** A subscription of MQTT has its queue's name and its topics in one topic filter. */
function topicsFitMqtt({ flow }: RuleFacts): RuleFault[] {
  const subscribe = flow.source?.subscribe;
  if (subscribe?.broker?.address.protocol !== "mqtt") return [];
  const wrong = subscribe.topics?.findIndex((topic) => /#./.test(topic)) ?? -1;
  return [
    ...(wrong < 0
      ? []
      : [{ path: ["source", "subscribe", "topics", wrong], message: "with MQTT # is the last word of a topic: it stands for all below" }]),
    ...(subscribe.queue !== undefined && /[/+#]/.test(subscribe.queue)
      ? [{ path: ["source", "subscribe", "queue"], message: "with MQTT a queue has no /, + or # in its name" }]
      : []),
  ];
}

/** MQTT has no queue of the broker's own that these could be about. */
function mqttHasNoQueues({ flow, written }: RuleFacts): RuleFault[] {
  if (flow.source?.subscribe?.broker?.address.protocol !== "mqtt") return [];
  return ["message_ttl", "durable", "declare", "priority"]
    .filter((key) => written("source", "subscribe", key))
    .map((key) => ({ path: ["source", "subscribe", key], about: "key", message: `${key} does nothing with MQTT: leave it out` }));
}

function routesOrExpressions({ flow, written }: RuleFacts): RuleFault[] {
  if (!rolesOf(written).subscribes) return [];
  const other = ["accept", "reject"].find((key) => written("source", key));
  if (other !== undefined && written("source", "routes"))
    return [{ path: ["source", other], about: "key", message: `${other} is written as one of the routes, in their order` }];
  if (other !== undefined && written("source", "unmatched"))
    return [{ path: ["source", "unmatched"], about: "key", message: `unmatched goes with routes, and not with ${other}` }];
  return flow.source?.unmatched === "reject" && !written("source", "routes")
    ? [{ path: ["source", "unmatched"], message: "without routes nothing would be wanted at all" }]
    : [];
}

function routesAreWhole({ flow, written }: RuleFacts): RuleFault[] {
  const routes: readonly RouteValue[] = flow.source?.routes ?? [];
  const single = routes.flatMap((route, at): RuleFault[] => {
    const path = ["source", "routes", at];
    if (route.accept !== undefined && route.reject !== undefined)
      return [{ path: [...path, "reject"], about: "key", message: "a route has either accept or reject, not both" }];
    if (route.accept === undefined && route.reject === undefined)
      return [{ path, message: "a route needs an expression: accept or reject" }];
    if (route.accept !== undefined) return variablesAreKnown(route.into, route.accept, [...path, "into"]);
    const idle = ["into", "mirror", "strip", "flatten", "name"].find((key) => written("source", "routes", String(at), key));
    return idle === undefined ? [] : [{ path: [...path, idle], about: "key", message: `${idle} does nothing with reject` }];
  });
  const unmatched = flow.source?.unmatched;
  const rest =
    typeof unmatched === "object" && unmatched.into !== undefined
      ? variablesAreKnown(unmatched.into, null, ["source", "unmatched", "into"])
      : [];
  return [...single, ...rest];
}

function variablesAreKnown(into: string, pattern: RegExp | null, path: RuleFault["path"]): RuleFault[] {
  const fault = directoryFault(into, pattern === null ? 0 : groupsOf(pattern));
  return fault === null ? [] : [{ path, message: fault }];
}

/** An alternative that is empty always matches, and has all the groups. */
function groupsOf({ source, flags }: RegExp): number {
  return (new RegExp(`${source}|`, flags).exec("")?.length ?? 1) - 1;
}

/** A message that a broker has is no proof that a file is anywhere; and what goes because of a message is no delivery. */
function publishIsAll({ flow, written }: RuleFacts): RuleFault[] {
  if (rolesOf(written).removes) {
    const path = ["announce", "retain"].find((key) => (key === "announce" ? written(key) : typeof flow.retain === "object"));
    return path === undefined
      ? []
      : [
          {
            path: [path],
            about: "key",
            message: `${path} does nothing with remove: what goes is what is announced, and nothing is delivered`,
          },
        ];
  }
  if (!rolesOf(written).publishes) return [];
  const faults: RuleFault[] = [];
  if (written("announce"))
    faults.push({ path: ["announce"], about: "key", message: "with publish each change is a message already: announce goes with url" });
  if (typeof flow.retain === "object") {
    const message = "nothing is removed from the source because of a message: that a broker has it proves no file to be anywhere else";
    faults.push({ path: ["retain"], message, suggestion: "keep" });
  }
  return faults;
}

function publishedDigest({ flow, written }: RuleFacts): RuleFault[] {
  if (!rolesOf(written).publishes || flow.destination?.verify !== "size") return [];
  const message = "with publish verify is the digest that messages carry, or none: each has the size";
  return [{ path: ["destination", "verify"], message, suggestion: "none" }];
}

function headersAreOwn({ flow }: RuleFacts): RuleFault[] {
  const of = (headers: object | undefined, path: string[]): RuleFault[] =>
    Object.keys(headers ?? {})
      .filter((name) => Object.hasOwn(bodySchema.shape, name))
      .map((name) => ({
        path: [...path, "headers", name],
        about: "key",
        message: `${name} is a field of every message, and made for each`,
      }));
  return [...of(flow.destination?.publish?.headers, ["destination", "publish"]), ...of(flow.announce?.headers, ["announce"])];
}

/** A file that is its own copy would be replaced by itself, for ever. By the text of the paths: symbolic links are not followed. */
function baseIsOutside({ flow, context }: RuleFacts): RuleFault[] {
  const base = flow.source?.base;
  const url = flow.destination?.url;
  if (flow.source?.subscribe === undefined || base?.kind !== "directory" || url?.kind !== "file") return [];
  const root = resolvePath(base.path, context.base);
  const { directory } = resolvePlace(url, {}, context);
  return directory === root || below(directory as AbsPath, root) !== null
    ? [{ path: ["source", "base"], message: `the files are in the destination ${show(directory as AbsPath)} already` }]
    : [];
}

type Publication = Partially<NonNullable<FlowValue["announce"]>>;

/** What a flow told of would come back to it, be told of once more, and so on. */
function noLoop({ flow }: RuleFacts): RuleFault[] {
  const from = flow.source?.subscribe;
  if (from?.broker === undefined || from.exchange === undefined || from.prefix === undefined) return [];
  const { broker, exchange, prefix } = from;
  const loops = (to: Publication | undefined): boolean =>
    to?.broker !== undefined &&
    sameBroker(to.broker.address, broker.address) &&
    to.prefix?.join(".") === prefix.join(".") &&
    to.exchange !== undefined &&
    (to.split === undefined || to.split === 1 ? to.exchange === exchange : exchange.replace(/\d\d$/, "") === to.exchange);
  const message = `${exchange} is also subscribed to: each message would come back, and be sent once more`;
  return [
    ...(loops(flow.destination?.publish) ? [{ path: ["destination", "publish", "exchange"], message }] : []),
    ...(loops(flow.announce) ? [{ path: ["announce", "exchange"], message }] : []),
  ];
}

/** Two flows with one queue would take each other's messages. Paths begin at the file's top. */
export function queuesAreApart(flows: Record<string, Partially<FlowValue> | undefined>): RuleFault[] {
  const seen: Array<{ flow: string; queue: string; broker: Broker }> = [];
  return Object.entries(flows).flatMap(([flow, value]): RuleFault[] => {
    const subscribe = value?.source?.subscribe;
    if (subscribe?.broker === undefined) return [];
    const { broker } = subscribe;
    const queue = subscribe.queue ?? defaultQueue(broker, flow);
    if (queue === null) return [];
    const other = seen.find((one) => one.queue === queue && sameBroker(one.broker.address, broker.address));
    seen.push({ flow, queue, broker });
    if (other === undefined) return [];
    const message = `the flow ${other.flow} has the same queue: each message would go to one of the two`;
    return [
      { path: ["flows", flow, "source", "subscribe", "queue"], message, suggestion: defaultQueue(broker, flow) ?? `${queue}.${flow}` },
    ];
  });
}
