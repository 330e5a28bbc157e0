import type { Comparison, Row } from "./comparison.ts";
import { median } from "./figures.ts";
import type { Latency } from "./latency.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./options.ts";
import type { QueueResult } from "./queue.ts";
import type { ScanResult } from "./scan.ts";

/** All that one run found; the JSON file is this. */
export type Report = {
  machine: Machine;
  options: Options;
  commands: Record<string, string>;
  comparisons: Comparison[];
  latencies: Latency[];
  queue: QueueResult | null;
  scans: ScanResult[];
  /** Suites that broke off. */
  faults: string[];
  complete: boolean;
};

export function rowOf(comparison: Comparison, tool: string): Row | null {
  return comparison.rows.find((row) => row.tool === tool) ?? null;
}

/** NaN where no run succeeded. */
export function medianWallMs(row: Row): number {
  return median(row.samples.map((sample) => sample.wallMs));
}

/** null for tools that keep no record. */
export function medianDeliveringMs(row: Row): number | null {
  const known = row.samples.flatMap((sample) => (sample.deliveringMs === null ? [] : [sample.deliveringMs]));
  return known.length === 0 ? null : median(known);
}

/** How many times as fast as `other`, whole process against whole process; by rate, since loads may differ. null: unknown. */
export function timesAsFast(row: Row, other: Row | null): number | null {
  if (other === null) return null;
  const rate = (one: Row): number => one.load.files / medianWallMs(one);
  const times = rate(row) / rate(other);
  return Number.isFinite(times) ? times : null;
}
