import { activityOf, BIN_MS } from "../../flow/ledger/activity.ts";
import type { Database } from "../../flow/ledger/database.ts";
import type { FlowId } from "../../flow/ledger/flows.ts";
import { RECENT_S, type RecentRates } from "./recent-rates.ts";

const HOUR_MS = 3600_000;

/** From memory, or from the ledger's bins, so many of them in one point. */
export const spans = {
  "15m": { kind: "recent" },
  "1d": { kind: "bins", spanMs: 24 * HOUR_MS, stepMs: BIN_MS },
  "1w": { kind: "bins", spanMs: 7 * 24 * HOUR_MS, stepMs: 6 * BIN_MS },
  "4w": { kind: "bins", spanMs: 28 * 24 * HOUR_MS, stepMs: 24 * BIN_MS },
} as const;
export type Span = keyof typeof spans;

/** Columns of equal length, as a plot takes them: when (Unix seconds), files a second, bytes a second, failed attempts a second. */
export type Throughput = {
  flow: string;
  span: Span;
  step_s: number;
  at: number[];
  files_per_s: number[];
  bytes_per_s: number[];
  failed_per_s: number[] | null;
};

export function throughput(db: Database, recent: RecentRates, asked: { id: FlowId; flow: string; span: Span; nowMs: number }): Throughput {
  const { flow, span } = asked;
  const how = spans[span];
  if (how.kind === "bins") return { flow, span, ...fromBins(db, asked.id, how, asked.nowMs) };
  const points = recent.of(flow).slice(-RECENT_S);
  return {
    flow,
    span,
    step_s: 1,
    at: points.map(({ atMs }) => Math.round(atMs / 1000)),
    files_per_s: points.map(({ filesPerS }) => round(filesPerS)),
    bytes_per_s: points.map(({ bytesPerS }) => Math.round(bytesPerS)),
    failed_per_s: null,
  };
}

/** Also the steps in which nothing happened; the last one is that which is not over, by the time that has passed of it. */
function fromBins(
  db: Database,
  flow: FlowId,
  { spanMs, stepMs }: { spanMs: number; stepMs: number },
  nowMs: number,
): Omit<Throughput, "flow" | "span"> {
  const first = Math.floor((nowMs - spanMs) / stepMs) * stepMs;
  const steps = Math.floor((nowMs - first) / stepMs) + 1;
  const sums = Array.from({ length: steps }, () => ({ delivered: 0, bytes: 0, failed: 0 }));
  for (const bin of activityOf(db, flow, first, nowMs)) {
    const sum = sums[Math.floor((bin.atMs - first) / stepMs)];
    if (sum === undefined) continue;
    sum.delivered += bin.delivered;
    sum.bytes += bin.bytes;
    sum.failed += bin.failed;
  }
  const seconds = (step: number): number => Math.max(1, Math.min(stepMs, nowMs - (first + step * stepMs)) / 1000);
  return {
    step_s: stepMs / 1000,
    at: sums.map((_, step) => (first + step * stepMs) / 1000),
    files_per_s: sums.map(({ delivered }, step) => round(delivered / seconds(step))),
    bytes_per_s: sums.map(({ bytes }, step) => Math.round(bytes / seconds(step))),
    failed_per_s: sums.map(({ failed }, step) => round(failed / seconds(step))),
  };
}

function round(perS: number): number {
  return Math.round(perS * 1000) / 1000;
}
