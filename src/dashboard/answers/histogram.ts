import type { OpenRow } from "../../flow/ledger/open-rows.ts";

/** `below`: of the bin, in milliseconds or bytes; null: all the rest. */
export type Bin = { below: number | null; files: number; bytes: number };
export type Histograms = { ages: Bin[]; sizes: Bin[]; files: number; bytes: number };

const MINUTE_MS = 60_000;
const AGES_MS = [MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS, 360 * MINUTE_MS, 1440 * MINUTE_MS, 10_080 * MINUTE_MS];
const KIB = 1024;
const SIZES = [KIB, 64 * KIB, KIB ** 2, 64 * KIB ** 2, KIB ** 3];

export function emptyHistograms(): Histograms {
  const bins = (limits: number[]): Bin[] => [...limits, null].map((below) => ({ below, files: 0, bytes: 0 }));
  return { ages: bins(AGES_MS), sizes: bins(SIZES), files: 0, bytes: 0 };
}

/** Counts rows into `into`; their ages are those at `nowMs`. */
export function countInto(into: Histograms, rows: readonly OpenRow[], nowMs: number): void {
  for (const { sizeBytes, seenAtMs } of rows) {
    add(into.ages, nowMs - seenAtMs, sizeBytes);
    add(into.sizes, sizeBytes, sizeBytes);
    into.files++;
    into.bytes += sizeBytes;
  }
}

function add(bins: Bin[], value: number, sizeBytes: number): void {
  const bin = bins.find(({ below }) => below === null || value < below);
  if (bin === undefined) return;
  bin.files++;
  bin.bytes += sizeBytes;
}
