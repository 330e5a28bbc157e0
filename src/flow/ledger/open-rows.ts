import type { WallMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathFrom } from "./rows.ts";
import type { StateName } from "./states.ts";

/** What is not yet true at the destination: settling, queued or sending. */
export type OpenRow = { id: TransferId; sizeBytes: number; seenAtMs: WallMs };

/** The next of them after `after`, oldest first: a part of what may be a million, so that nothing waits for it. */
export function openRowsAfter(db: Database, flow: FlowId, after: TransferId, limit: number): OpenRow[] {
  return db
    .all<{ id: number; size: number | null; seen_at: number }>(
      "SELECT id, size, seen_at FROM transfer INDEXED BY transfer_open WHERE flow = ? AND ended_at IS NULL AND id > ? ORDER BY id LIMIT ?",
      flow,
      after,
      limit,
    )
    .map((row) => ({ id: row.id, sizeBytes: row.size ?? 0, seenAtMs: row.seen_at }));
}

export type OpenPath = OpenRow & { path: RelPath; state: StateName };

export function oldestOpen(db: Database, flow: FlowId, limit: number): OpenPath[] {
  return db
    .all<{ id: number; path: Uint8Array; state: StateName; size: number | null; seen_at: number }>(
      "SELECT id, path, state, size, seen_at FROM transfer INDEXED BY transfer_open WHERE flow = ? AND ended_at IS NULL ORDER BY id LIMIT ?",
      flow,
      limit,
    )
    .map((row) => ({ id: row.id, path: pathFrom(row.path), state: row.state, sizeBytes: row.size ?? 0, seenAtMs: row.seen_at }));
}
