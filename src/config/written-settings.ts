import type { Difference, Json } from "./difference.ts";
import { formatMinute } from "./hours.ts";
import { formatRate } from "./units.ts";
import { tableKeys } from "./written-table.ts";
import { publicationKeys, subscriptionKeys } from "./written-broker.ts";
import { commandDirectory, commandKeys } from "./written-commands.ts";
import { duration, expressions, isEmpty, isMap, list, part, size, text, valueAt, type WrittenKey } from "./written-values.ts";

/** Each key of a flow, with the settings that it gives. A test sees to it that none is forgotten. */
const keys: WrittenKey[] = [
  { key: "source.directory", gives: ["source.root", "source.kind"], from: "source", show: root },
  ...tableKeys,
  { key: "source.symlinks", gives: ["source.symlinks"], show: (value) => text(value ?? "transfer") },
  ...subscriptionKeys,
  { key: "source.accept", gives: ["source.accept"], show: expressions },
  { key: "source.reject", gives: ["source.reject"], show: expressions },
  { key: "source.settle", gives: ["source.settle"], show: settle },
  { key: "source.rescan", gives: ["source.rescanMs"], show: duration },
  { key: "source.propagate", gives: ["source.propagate"], show: list },
  { key: "destination.remove", gives: ["destination.place.directory", "destination.place.hold"], from: "destination.place", show: removal },
  { key: "destination.directory", gives: ["destination.place.directory"], from: "destination.place", show: commandDirectory },
  ...commandKeys,
  ...publicationKeys("destination.publish", "destination.place.publish"),
  { key: "destination.ssh", gives: ["destination.place.ssh"], show: list },
  { key: "destination.compress", gives: ["destination.place.compress"], show: (value) => text(value ?? false) },
  { key: "destination.url", gives: ["destination.place"], show: url },
  { key: "destination.lanes", gives: ["destination.lanesMax"], show: text },
  {
    key: "destination.inflight",
    gives: ["destination.inflight"],
    show: (value) => text(part(value, "suffix") ?? { staging: part(value, "directory") ?? null }),
  },
  {
    key: "destination.preserve",
    gives: ["destination.preserve"],
    show: (value) => list(Object.entries(isMap(value) ? value : {}).flatMap(([name, on]) => (on === true ? [name] : []))),
  },
  {
    key: "destination.chmod",
    gives: ["destination.chmod"],
    show: (value) => (value === null ? "none" : text(part(value, "text") ?? null)),
  },
  { key: "destination.verify", gives: ["destination.verify"], show: text },
  { key: "destination.durable", gives: ["destination.durable"], show: text },
  { key: "destination.segment_above", gives: ["destination.segmentAboveBytes"], show: size },
  {
    key: "destination.accelerate",
    gives: ["destination.accelerate"],
    show: (value) =>
      value === null ? "none" : `{above: ${size(part(value, "aboveBytes") ?? null)}, command: ${list(part(value, "command") ?? [])}}`,
  },
  { key: "destination.bandwidth", gives: ["destination.bandwidth"], show: bandwidth },
  {
    key: "destination.keep_free",
    gives: ["destination.keepFree"],
    show: (value) => (part(value, "kind") === "percent" ? `${text(part(value, "percent") ?? null)}%` : size(part(value, "bytes") ?? null)),
  },
  ...publicationKeys("announce", "announce"),
  { key: "finish.ingest", gives: ["finish.ingest"], show: ingest },
  { key: "finish.catalog", gives: ["finish.catalog"], show: catalog },
  { key: "retry.attempts", gives: ["retry.attemptsMax"], show: (value) => (value === "Infinity" ? "unlimited" : text(value)) },
  {
    key: "retry.backoff",
    gives: ["retry.backoff"],
    show: (value) => `${duration(part(value, "minMs") ?? null)}..${duration(part(value, "maxMs") ?? null)}`,
  },
  { key: "retain", gives: ["retain"], show: retain },
  { key: "completion", gives: ["completion"], show: completion },
  { key: "history", gives: ["historyMs"], show: duration },
  { key: "schedule", gives: ["schedule"], show: (value) => (isEmpty(value) ? "always" : windows(value, (window) => hours(window))) },
  { key: "vip", gives: ["vip"], show: (value) => (value === null ? "none" : text(value)) },
  { key: "log", gives: ["log"], show: (value) => (value === null ? "as log.level says" : text(value)) },
  { key: "alerts", gives: ["alerts"], show: alerts },
];

/** A key of the file whose value differs. */
export type KeyDifference = { key: string; before: string; after: string };

/** Differences of canonical settings as those of the keys that a person writes, each once, in the order of the reference. */
export function keyDifferences(differences: readonly Difference[], before: Json, after: Json): KeyDifference[] {
  const known = keys
    .filter(({ gives }) => differences.some(({ path }) => gives.some((given) => touches(path, given))))
    .map(({ key, gives, from, show }) => ({
      key,
      before: show(valueAt(before, from ?? gives[0]!)),
      after: show(valueAt(after, from ?? gives[0]!)),
    }))
    .filter((difference) => difference.before !== difference.after);
  const strange = differences.filter(({ path }) => !isKnown(path));
  return [
    ...known,
    ...strange.map(({ path, before: old, after: young }) => ({ key: path, before: text(old ?? null), after: text(young ?? null) })),
  ];
}

/** Whether some key gives what is at the path, or below it. */
export function isKnown(path: string): boolean {
  return keys.some(({ gives }) => gives.some((given) => touches(path, given)));
}

/** A difference may be of a part of what a key gives, or of a whole map of such. */
function touches(path: string, given: string): boolean {
  return path === given || path.startsWith(`${given}.`) || given.startsWith(`${path}.`);
}

function root(value: Json): string {
  const directory = text(part(value, "root") ?? "");
  if (part(value, "kind") === "subscribed") return "none, but messages";
  if (part(value, "kind") === "table") return "none, but a table";
  return part(value, "kind") === "posted" ? `none, but posts of ${directory}` : directory;
}

function settle(value: Json): string {
  const [kind, quietMs, suffix] = [part(value, "kind"), part(value, "quietMs"), part(value, "suffix")];
  if (kind === "quiet") return duration(quietMs ?? null);
  return kind === "marker" ? `{marker: ${text(suffix ?? null)}}` : "close";
}

function url(value: Json): string {
  const directory = text(part(value, "directory") ?? "");
  if (part(value, "kind") === "publish") return "none, but messages";
  if (part(value, "kind") === "remove") return "none, but removals";
  if (part(value, "kind") === "commands") return "none, but commands";
  if (part(value, "kind") === "file") return `file:${directory}`;
  const [user, port] = [part(value, "user") ?? null, part(value, "port") ?? null];
  const host = `${user === null ? "" : `${text(user)}@`}${text(part(value, "host") ?? "")}${port === null ? "" : `:${text(port)}`}`;
  return `sftp://${host}${directory.startsWith("/") ? directory : `/~/${directory}`}`;
}

function removal(place: Json): string {
  if (part(place, "kind") !== "remove") return "none";
  const hold = part(place, "hold") ?? null;
  return `{directory: ${text(part(place, "directory") ?? null)}${hold === null ? "" : `, hold: ${text(hold)}`}}`;
}

function retain(value: Json): string {
  const empty = part(value, "emptyDirectoriesAfterMs");
  const more = typeof empty === "number" ? `, empty_directories_after: ${duration(empty)}` : "";
  if (part(value, "kind") === "hold") return `{hold: ${text(part(value, "directory") ?? null)}${more}}`;
  return part(value, "kind") === "delete" ? `{delete_after: ${duration(part(value, "afterMs") ?? null)}${more}}` : "keep";
}

function ingest(value: Json): string {
  if (value === null) return "none";
  const [batch, workers, silence, again] = ["batchMax", "workers", "silenceMs", "again"].map((key) => part(value, key) ?? null);
  const shown = [`command: ${list(part(value, "command") ?? [])}`, `batch: ${text(batch ?? null)}`, `workers: ${text(workers ?? null)}`];
  return `{${[...shown, `timeout: ${duration(silence ?? null)}`, `interrupted: ${again === true ? "again" : "wait"}`].join(", ")}}`;
}

function catalog(value: Json): string {
  if (value === null) return "none";
  return `{${["database", "table", "duplicates"].map((key) => `${key}: ${text(part(value, key) ?? null)}`).join(", ")}}`;
}

function completion(value: Json): string {
  if (value === null) return "none";
  const manifest = Object.entries(part(value, "manifest") ?? {}).filter(([, item]) => item !== null);
  const sets = expressions([part(value, "sets") ?? ""]).slice(1, -1);
  return `{sets: ${sets}, whole: ${whole(part(value, "whole") ?? null)}, manifest: ${text(Object.fromEntries(manifest))}}`;
}

function whole(rule: Json): string {
  switch (part(rule, "kind")) {
    case "marker":
      return `{marker: ${text(part(rule, "marker") ?? null)}}`;
    case "count":
      return `{count: ${text(part(rule, "count") ?? null)}}`;
    case "quiet":
      return `{quiet: ${duration(part(rule, "quietMs") ?? null)}}`;
    default:
      return "timecode";
  }
}

function alerts(value: Json): string {
  const written = Object.entries(isMap(value) ? value : {}).map(([name, item]) => {
    const key = name.replace(/Ms$/, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `${key}: ${name.endsWith("Ms") ? duration(item) : text(item)}`;
  });
  return written.length === 0 ? "as alerts.on says" : `{${written.join(", ")}}`;
}

function bandwidth(value: Json): string {
  if (isEmpty(value)) return "unlimited";
  const rate = (window: Json): string => formatRate((part(window, "bytesPerS") ?? null) as number | null);
  const [only, second] = Array.isArray(value) ? value : [];
  if (only !== undefined && second === undefined && part(only, "hours") === null) return rate(only);
  return windows(value, (window) =>
    [...[hours(part(window, "hours") ?? null)].filter((written) => written !== ""), `limit: ${rate(window)}`].join(", "),
  );
}

function windows(value: Json, show: (window: Json) => string): string {
  return `[${(Array.isArray(value) ? value : []).map((window) => `{${show(window)}}`).join(", ")}]`;
}

function hours(value: Json): string {
  const [from, to, on] = [part(value, "fromMinute"), part(value, "toMinute"), part(value, "days")];
  if (typeof from !== "number" || typeof to !== "number" || !Array.isArray(on)) return "";
  return `from: ${formatMinute(from)}, to: ${formatMinute(to)}${on.length === 7 ? "" : `, days: ${list(on)}`}`;
}
