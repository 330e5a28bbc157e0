import { formatDuration } from "../../../config/units.ts";
import type { NativeEntry } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import { clean } from "../poster.ts";
import { expandHome } from "../place-in-tree.ts";
import { pluginsOf } from "../plugins.ts";
import type { Configuration } from "../reader.ts";
import { bindingsOf } from "../sender.ts";
import type { Effective } from "../settings.ts";
import { brokerEntries, brokerFault, brokerOf, type BrokerContext, prefixEntry } from "./broker-keys.ts";
import { queueEntry, type QueueContext } from "./queue.ts";

/** RabbitMQ counts in 32 bits of milliseconds. */
const LIMIT_S_MAX = 49 * 86_400;
const DAY_S = 86_400;
const DUPLICATES_S_MAX = 400 * DAY_S;
const PREFETCH_MAX = 65_535;

/** `source.subscribe`; null: it subscribes to nothing, and the remarks say why. */
export function subscribeEntry(configuration: Configuration, context: BrokerContext & QueueContext, remarks: Remarks): NativeEntry | null {
  const { effective, file, component } = configuration;
  const broker = brokerOf(configuration, "broker");
  const written = effective.text("broker");
  if (broker === null) {
    const why = written === null ? `${component} needs broker` : `broker: ${brokerFault(written)}`;
    remarks.error(effective.at("broker") ?? { file, line: 1 }, why);
    return null;
  }
  const bindings = bindingsOf(configuration, broker, remarks);
  const [first] = bindings;
  if (first === undefined) return null;
  const other = bindings.find(({ exchange }) => exchange !== first.exchange);
  if (other !== undefined)
    remarks.error(
      other.at,
      `subtopic: its queue gets messages of ${first.exchange} and of ${other.exchange}: a flow has one exchange, so make two configurations of it`,
    );
  const exchangeAt = effective.at("exchange") ?? effective.at("exchangeSuffix");
  const topics = bindings.map(({ subtopic }) => subtopic);
  const topicsAt = bindings.flatMap(({ at }) => (at === null ? [] : [at]));
  return {
    key: "subscribe",
    value: [
      ...brokerEntries(configuration, "broker", broker, context, remarks),
      { key: "exchange", value: first.exchange, from: exchangeAt === null ? [] : [exchangeAt] },
      ...prefixEntry(configuration, "topicPrefix", remarks),
      ...(topics.join() === "#" ? [] : [{ key: "topics", value: topics, from: topicsAt }]),
      queueEntry(configuration, broker, context, remarks),
      ...flagEntry(effective, "durable", "durable"),
      ...limitEntry(effective, "expire", "expire", remarks),
      ...limitEntry(effective, "messageAgeMax", "message_ttl", remarks),
      ...declareEntry(effective),
      ...prefetchEntry(effective),
    ],
  };
}

/** Only where it is off. */
function flagEntry(effective: Effective, option: string, key: string): NativeEntry[] {
  const at = effective.at(option);
  return at === null || effective.flag(option) ? [] : [{ key, value: false, from: [at] }];
}

function limitEntry(effective: Effective, option: string, key: string, remarks: Remarks): NativeEntry[] {
  const at = effective.at(option);
  const seconds = effective.number(option);
  if (at === null || seconds <= 0) return [];
  if (seconds > LIMIT_S_MAX) remarks.note(at, `${option}: a broker counts up to 49d`);
  if (option === "messageAgeMax")
    remarks.note(at, "messageAgeMax: what waits for longer is dropped by the broker, and never sent: without the line nothing is");
  return [{ key, value: formatDuration(Math.min(Math.max(1, seconds), LIMIT_S_MAX) * 1000), from: [at] }];
}

function declareEntry(effective: Effective): NativeEntry[] {
  const off = ["queueDeclare", "queueBind"].filter((option) => !effective.flag(option));
  return off.length === 0 ? [] : [{ key: "declare", value: false, from: off.flatMap((option) => effective.at(option) ?? []) }];
}

function prefetchEntry(effective: Effective): NativeEntry[] {
  const at = effective.at("prefetch");
  if (at === null || effective.number("prefetch") < 1) return [];
  const all = effective.number("prefetch") * Math.max(1, effective.number("instances"));
  return [{ key: "prefetch", value: Math.min(all, PREFETCH_MAX), from: [at], because: "that of one instance, times instances" }];
}

/** Where the files of `file:` addresses are. */
export function baseEntry({ effective }: Configuration, homeDirectory: string): NativeEntry[] {
  const text = effective.text("baseDir");
  const at = effective.at("baseDir");
  return text === null || at === null ? [] : [{ key: "base", value: clean(expandHome(text, homeDirectory)), from: [at] }];
}

/** How long a message waits for a newer one of its path. */
export function settleEntry(configuration: Configuration, remarks: Remarks): NativeEntry[] {
  const { effective } = configuration;
  const inflight = effective.value("inflight");
  const age = inflight.type === "inflight" && inflight.inflight.kind === "age" ? inflight.inflight.seconds : 0;
  const plugins = pluginsOf(configuration);
  // The options are the plugins', and nothing without them.
  const ofPlugin = (option: string, plugin: string): number => {
    if (plugins.includes(plugin) || !effective.isWritten(option)) return plugins.includes(plugin) ? effective.number(option) : 0;
    remarks.note(effective.at(option), `${option}: it does nothing in sr3 without its plugin (callback ${plugin}), and so it does here`);
    return 0;
  };
  const delays = [
    { option: "inflight", seconds: age },
    { option: "fileAgeMin", seconds: effective.number("fileAgeMin") },
    { option: "mdelay", seconds: ofPlugin("mdelay", "mdelaylatest") },
    { option: "fdelay", seconds: ofPlugin("fdelay", "filter.fdelay") },
  ];
  const longest = delays.reduce((most, one) => (one.seconds > most.seconds ? one : most));
  if (longest.seconds <= 0) return [];
  const from: At[] = delays.flatMap(({ option, seconds }) => (seconds > 0 ? (effective.at(option) ?? []) : []));
  if (longest.seconds > DAY_S) remarks.note(effective.at(longest.option), `${longest.option}: a day is the longest that a message waits`);
  return [
    { key: "settle", value: formatDuration(Math.min(longest.seconds, DAY_S) * 1000), from, because: "then the newest of a path counts" },
  ];
}

export function duplicatesEntry({ effective }: Configuration): NativeEntry[] {
  const at = effective.at("nodupe_ttl");
  const seconds = effective.number("nodupe_ttl");
  if (at === null || seconds <= 0) return [];
  const because = "only what was done is a duplicate: no failure is";
  return [{ key: "duplicates", value: formatDuration(Math.min(seconds, DUPLICATES_S_MAX) * 1000), from: [at], because }];
}

/** A relay asks nobody about kinds; where files are moved, fileEvents has a say in all but files and renames. */
export function propagateEntry({ effective }: Configuration, isRelay: boolean): NativeEntry {
  const events = effective.members("fileEvents");
  const passes = (event: string): boolean => isRelay || events.includes(event);
  const kinds = ["put", "rename", ...["link", "mkdir", "delete", "rmdir"].filter(passes)];
  const at = isRelay ? null : effective.at("fileEvents");
  if (at !== null) return { key: "propagate", value: kinds, from: [at] };
  return {
    key: "propagate",
    value: kinds,
    because: isRelay ? "all that comes" : "removals too: sr3 forwards them where fileEvents does not say otherwise",
  };
}
