import { durationAsInSr3, rateAsInSr3, sizeAsInSr3 } from "./formats.ts";
import type { ProcessFigures } from "./processes.ts";
import { type BrokerStanding, rejectedPercent, type RowFacts, stateOf } from "./row.ts";

const NAME_WIDTH_MIN = 20;
/** Cells of a line behind the name, with their widths; the first is to the left, all others to the right. */
const columns = [
  ["State", 5],
  ["Run", 5],
  ["Retry", 5],
  ["msg", 4],
  ["data", 5],
  ["Que", 5],
  ["LagMax", 8],
  ["LagAvg", 8],
  ["Last", 8],
  ["%rej", 6],
  ["pubsub", 8],
  ["messages", 8],
  ["RxData", 11],
  ["TxData", 11],
] as const;
/** What stands above so many of them. */
const groups = [
  ["Processes", 3],
  ["Connection", 3],
  ["Lag", 4],
  ["Rates", 4],
] as const;
const more = [
  ["Seen", 9],
  ["Delivered", 9],
  ["Rejected", 9],
  ["Superseded", 10],
  ["Dead", 6],
] as const;

export type Totals = { processes: ProcessFigures | null; missing: number; strays: string[]; changed: string[] };

/** sr3's table: a line for each configuration, and its footer. What is not known is a `-`. */
export function statusTable(rows: readonly RowFacts[], totals: Totals, nowMs: number, isFull: boolean): string {
  const width = Math.max(NAME_WIDTH_MIN, ...rows.map(({ name }) => name.length));
  const shown = isFull ? [...columns, ...more] : columns;
  const line = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)} ${shown.map(([, size], at) => (at === 0 ? (cells[at] ?? "").padEnd(size) : (cells[at] ?? "").padStart(size))).join(" ")}`.trimEnd();
  return [
    "status:",
    `${"Component/Config".padEnd(width)} ${groupLine()}`.trimEnd(),
    line(
      "",
      shown.map(([name]) => name),
    ),
    line(
      "",
      shown.map(([name]) => "-".repeat(name.length)),
    ),
    ...rows.map((row) => line(row.name, [...cellsOf(row, nowMs), ...(isFull ? fullCells(row) : [])])),
    ...footer(rows, totals),
    "",
  ].join("\n");
}

function groupLine(): string {
  let at = 0;
  return groups
    .map(([name, count]) => {
      const width = columns.slice(at, (at += count)).reduce((sum, [, size]) => sum + size + 1, 0);
      return name.padEnd(width);
    })
    .join("");
}

export function cellsOf(row: RowFacts, nowMs: number): string[] {
  const { deliveries, rates, run } = row;
  const rejected = rejectedPercent(row);
  const bytes = (way: RowFacts["moves"]): string => (rates === null || row.moves !== way ? "-" : `${sizeAsInSr3(rates.bytesPerS)}/s`);
  const messages = row.brokers.length === 0 || rates === null ? "-" : rateAsInSr3(rates.filesPerS, "m");
  const lag = (seconds: number | undefined): string =>
    deliveries === null || deliveries.count === 0 ? "-" : durationAsInSr3(seconds ?? 0);
  return [
    stateOf(row, nowMs),
    `${run.flows}/${run.wanted}`,
    String(row.retry),
    connectionOf(row.brokers),
    row.lanes === null ? "-" : `${row.lanes.open}/${row.lanes.max}`,
    row.queued === null ? "-" : String(row.queued),
    lag(deliveries?.lagMaxS),
    lag(deliveries?.lagMeanS),
    deliveries === null || deliveries.lastAtMs === null ? "n/a" : durationAsInSr3((nowMs - deliveries.lastAtMs) / 1000),
    rejected === null ? "-" : `${rejected.toFixed(1)}%`,
    "-",
    messages,
    bytes("in"),
    bytes("out"),
  ];
}

function fullCells({ counts }: RowFacts): string[] {
  if (counts === null) return more.map(() => "-");
  return [counts.seen, counts.delivered, counts.ignored, counts.superseded, counts.dead].map(String);
}

function connectionOf(brokers: readonly BrokerStanding[]): string {
  if (brokers.length === 0) return "-";
  return brokers.every(({ isUp }) => isUp) ? "up" : "down";
}

function footer(rows: readonly RowFacts[], { processes, missing, strays, changed }: Totals): string[] {
  const sum = (pick: (row: RowFacts) => number): number => rows.reduce((total, row) => total + pick(row), 0);
  const running = rows.filter(({ standing }) => ["running", "foreground", "partial"].includes(standing));
  const perS = (rate: (row: RowFacts) => number): number => running.reduce((total, row) => total + rate(row), 0);
  const received = running.filter(({ brokers }) => brokers.some(({ role }) => role === "subscribe"));
  const sent = running.filter(({ brokers }) => brokers.some(({ role }) => role !== "subscribe"));
  const messages = (some: RowFacts[]): string =>
    rateAsInSr3(
      some.reduce((total, { rates }) => total + (rates?.filesPerS ?? 0), 0),
      "m",
    );
  const files = (way: RowFacts["moves"]): string =>
    `${rateAsInSr3(
      perS(({ moves, rates }) => (moves === way ? (rates?.filesPerS ?? 0) : 0)),
      "f",
    )} (${sizeAsInSr3(perS(({ moves, rates }) => (moves === way ? (rates?.bytesPerS ?? 0) : 0)))}/s)`;
  const lagged = rows.reduce((total, { deliveries }) => total + (deliveries?.count ?? 0), 0);
  const meanLag =
    lagged === 0 ? "-" : durationAsInSr3(sum(({ deliveries }) => (deliveries?.lagMeanS ?? 0) * (deliveries?.count ?? 0)) / lagged);
  const dead = sum(({ counts }) => counts?.dead ?? 0);
  return [
    `      Total Running Configs: ${String(running.length).padStart(3)} ( Processes: ${processes?.count ?? 0} missing: ${missing} stray: ${strays.length} )`,
    `                     Memory: ${processes === null ? "-" : `uss:${sizeAsInSr3(processes.ussBytes)} rss:${sizeAsInSr3(processes.rssBytes)} vms:${sizeAsInSr3(processes.vmsBytes)}`}`,
    `                   CPU Time: ${processes === null ? "-" : `User:${processes.userS.toFixed(2)}s System:${processes.systemS.toFixed(2)}s`}`,
    `           Pub/Sub Received: ${messages(received)}, Sent: ${messages(sent)} Queued: ${sum(({ queued }) => queued ?? 0)} Retry: ${sum(({ retry }) => retry)}, Mean lag: ${meanLag}`,
    `              Data Received: ${files("in")}, Sent: ${files("out")}`,
    ...notes(rows, strays, changed, dead),
  ];
}

/** What sr3 does not tell of, a line each, and only where there is something. */
function notes(rows: readonly RowFacts[], strays: readonly string[], changed: readonly string[], dead: number): string[] {
  const reasons = rows.flatMap(({ name, states, brokers }) => [
    ...states.flatMap(({ state, reason }) => (reason === null ? [] : [`${name}${state === "running" ? "" : ` is ${state}`}: ${reason}`])),
    ...brokers.flatMap(({ isUp, reason }) => (isUp || reason === null ? [] : [`${name}: ${reason}`])),
  ]);
  return [
    ...(dead === 0 ? [] : [`dead letters: ${dead} ('hotdir sr3 dead' lists them, 'hotdir sr3 retry' sends them again)`]),
    ...new Set(reasons),
    ...(changed.length === 0 ? [] : [`changed since it was started: ${changed.join(", ")} ('sr3 restart' takes it anew)`]),
    ...(strays.length === 0 ? [] : [`runs, and has no configuration any more: ${strays.join(", ")} ('sr3 sanity' ends it)`]),
  ];
}
