import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";

export const BIN_MS = 300_000;

/** `failed`: attempts that ended otherwise than with a receipt, by whatever fault. */
export type Activity = { delivered: number; bytes: number; failed: number };

/** Added up in the transaction that records the ends themselves, so that plots and the tally never tell of what was rolled back. */
export function recordActivity(db: Database, flow: FlowId, happened: Activity, at: WallMs): void {
  const { delivered, bytes, failed } = happened;
  if (delivered + failed === 0) return;
  db.run(
    `INSERT INTO activity (flow, bin, delivered, bytes, failed) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (flow, bin) DO UPDATE SET delivered = delivered + excluded.delivered, bytes = bytes + excluded.bytes, failed = failed + excluded.failed`,
    flow,
    Math.floor(at / BIN_MS),
    delivered,
    bytes,
    failed,
  );
}

/** What happened from `fromMs` on, before `toMs`, bin by bin, oldest first; bins in which nothing happened are left out. */
export function activityOf(db: Database, flow: FlowId, fromMs: WallMs, toMs: WallMs): Array<Activity & { atMs: WallMs }> {
  return db
    .all<{ bin: number; delivered: number; bytes: number; failed: number }>(
      "SELECT bin, delivered, bytes, failed FROM activity WHERE flow = ? AND bin >= ? AND bin < ? ORDER BY bin",
      flow,
      Math.floor(fromMs / BIN_MS),
      Math.ceil(toMs / BIN_MS),
    )
    .map(({ bin, ...happened }) => ({ atMs: bin * BIN_MS, ...happened }));
}
