import { activityOf } from "../../flow/ledger/activity.ts";
import type { Database } from "../../flow/ledger/database.ts";
import type { FlowId } from "../../flow/ledger/flows.ts";

/** `day` in the time zone of the daemon: `2026-11-22`. */
export type DayTally = { day: string; delivered: number; bytes: number; failed: number };

/** The last days, today last, also those on which nothing happened. */
export function dailyTally(db: Database, flows: readonly FlowId[], days: number, nowMs: number): DayTally[] {
  const today = new Date(nowMs);
  const startOf = (daysAgo: number): number => new Date(today.getFullYear(), today.getMonth(), today.getDate() - daysAgo).getTime();
  const tallies = new Map<string, DayTally>();
  for (let daysAgo = days - 1; daysAgo >= 0; daysAgo--) {
    const day = dayOf(startOf(daysAgo));
    tallies.set(day, { day, delivered: 0, bytes: 0, failed: 0 });
  }
  for (const flow of flows) {
    for (const bin of activityOf(db, flow, startOf(days - 1), nowMs + 1)) {
      const tally = tallies.get(dayOf(bin.atMs));
      if (tally === undefined) continue;
      tally.delivered += bin.delivered;
      tally.bytes += bin.bytes;
      tally.failed += bin.failed;
    }
  }
  return [...tallies.values()];
}

function dayOf(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
