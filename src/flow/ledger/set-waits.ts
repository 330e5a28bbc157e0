import type { RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { SetId } from "./file-sets.ts";
import type { FlowId } from "./flows.ts";
import { pathFrom, prefixRange } from "./rows.ts";
import type { StateName } from "./states.ts";

/**
 * What sets wait for. A transfer waits in a set from when it is known to belong there until it has ended; delivered, superseded and
 * ignored are ends for good, so a row that was removed need never come back. A dead letter is none: a person may revive it.
 */
const STILL_WAITS = "t.ended_at IS NULL OR t.state = 'dead'";

export function addWait(db: Database, set: SetId, transfer: TransferId): void {
  db.run("INSERT OR IGNORE INTO set_wait (file_set, transfer) VALUES (?, ?)", set, transfer);
}

/** The transfer has ended for good. The sets that waited for it. */
export function endWait(db: Database, transfer: TransferId): SetId[] {
  const sets = db.all<{ file_set: number }>("SELECT file_set FROM set_wait INDEXED BY set_wait_transfer WHERE transfer = ?", transfer);
  if (sets.length > 0) db.run("DELETE FROM set_wait WHERE transfer = ?", transfer);
  return sets.map(({ file_set }) => file_set);
}

const HEAD = 64;
export const FIRST_WAITS = `SELECT w.transfer, (${STILL_WAITS}) AS waits FROM set_wait w JOIN transfer t ON t.id = w.transfer WHERE w.file_set = ? ORDER BY w.transfer LIMIT ${HEAD}`;

/** Whether a set waits for anything. What ended unseen is removed on the way, once: a constant number of steps for each transfer. */
export function waitsForAny(db: Database, set: SetId): boolean {
  for (;;) {
    const first = db.all<{ transfer: number; waits: number }>(FIRST_WAITS, set);
    for (const { transfer, waits } of first) {
      if (waits === 1) return true;
      db.run("DELETE FROM set_wait WHERE file_set = ? AND transfer = ?", set, transfer);
    }
    if (first.length < HEAD) return false;
  }
}

export const UNENDED_BELOW = `SELECT t.id FROM transfer t INDEXED BY transfer_path WHERE t.flow = ? AND t.path > ? AND t.path < ? AND t.kind IN ('put', 'link') AND (${STILL_WAITS})`;

/** By the transfers themselves, once for a manifest: what is not delivered below a directory waits, whoever forgot to say so. */
export function waitForUnended(db: Database, flow: FlowId, set: { id: SetId; path: RelPath }): number {
  const found = db.all<{ id: number }>(UNENDED_BELOW, flow, ...prefixRange(set.path));
  for (const { id } of found) addWait(db, set.id, id);
  return found.length;
}

/** One transfer that a set waits for. */
export type Wait = { transfer: TransferId; path: RelPath; kind: string; state: StateName; code: string | null; reason: string | null };

/** The dead letters first, since they need a person. */
export function waitsOf(db: Database, set: SetId, limit: number): Wait[] {
  return db
    .all<Row & { id: number; path: Uint8Array; kind: string; state: StateName; code: string | null; reason: string | null }>(
      `SELECT t.id, t.path, t.kind, t.state, t.code, t.reason FROM (SELECT transfer FROM set_wait WHERE file_set = ? ORDER BY transfer LIMIT ${COUNTED_MAX}) w
       JOIN transfer t ON t.id = w.transfer WHERE ${STILL_WAITS} ORDER BY t.state <> 'dead', t.id LIMIT ?`,
      set,
      limit,
    )
    .map(({ id, path, ...row }) => ({
      transfer: id,
      path: pathFrom(path),
      kind: row.kind,
      state: row.state,
      code: row.code,
      reason: row.reason,
    }));
}

export const COUNTED_MAX = 10_000;

/** How many a set waits for; more than `COUNTED_MAX` are not counted. */
export function countWaits(db: Database, set: SetId): number {
  return (
    db.get<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT transfer FROM set_wait WHERE file_set = ? LIMIT ${COUNTED_MAX}) w JOIN transfer t ON t.id = w.transfer WHERE ${STILL_WAITS}`,
      set,
    )?.n ?? 0
  );
}
