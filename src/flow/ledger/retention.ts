import type { SteadyMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import { newest } from "./admissions.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { CHANGE_COLUMNS, type ChangeRow, pathCell, pathFrom, versionFrom } from "./rows.ts";
import { digestFrom } from "./segments.ts";

/** A delivered file whose source is to go, with the receipt that lets it. */
export type Retained = {
  id: TransferId;
  path: RelPath;
  version: Version;
  digest: Digest;
  removing: boolean;
  /** Why it stayed when it was asked last; null: it was not. */
  reason: string | null;
};

const RETAINED = `SELECT id, retain, retain_reason, algorithm, digest, ${CHANGE_COLUMNS} FROM transfer`;
type RetainedRow = ChangeRow & { id: number; retain: string; retain_reason: string | null; algorithm: string; digest: Uint8Array };

export function dueForRemoval(db: Database, flow: FlowId, now: SteadyMs, limit: number): Retained[] {
  return db
    .all<RetainedRow>(
      `${RETAINED} WHERE flow = ? AND retain = 'due' AND retain_at IS NOT NULL AND retain_at <= ? ORDER BY retain_at LIMIT ?`,
      flow,
      Math.round(now),
      limit,
    )
    .map(retainedFrom);
}

/** Removals that a kill interrupted: finished, or undone, at the next start. */
export function interruptedRemovals(db: Database, flow: FlowId): Retained[] {
  return db.all<RetainedRow>(`${RETAINED} WHERE flow = ? AND retain = 'removing'`, flow).map(retainedFrom);
}

function retainedFrom(row: RetainedRow): Retained {
  return {
    id: row.id,
    path: pathFrom(row.path),
    version: versionFrom(row)!,
    digest: digestFrom(row.algorithm, row.digest)!,
    removing: row.retain === "removing",
    reason: row.retain_reason,
  };
}

/** Committed before the source is touched, so that the event that follows is known to be ours. */
export function beginRemoval(db: Database, id: TransferId): boolean {
  return (
    db.run("UPDATE transfer SET retain = 'removing', retain_at = NULL, retain_reason = NULL WHERE id = ? AND retain = 'due'", id) === 1
  );
}

export function endRemoval(db: Database, id: TransferId, end: "removed" | "held"): void {
  db.run("UPDATE transfer SET retain = ? WHERE id = ? AND retain = 'removing'", end, id);
}

/** It stays for now (the file is another one, or cannot be removed): asked again at `at`. */
export function postponeRemoval(db: Database, id: TransferId, at: SteadyMs, reason: string): void {
  db.run(
    "UPDATE transfer SET retain = 'due', retain_at = ?, retain_reason = ? WHERE id = ? AND retain IN ('due', 'removing')",
    Math.round(at),
    reason,
    id,
  );
}

/** The path has another version now: this receipt lets nothing go any more. */
export function dropRetention(db: Database, id: TransferId): void {
  db.run("UPDATE transfer SET retain = NULL, retain_at = NULL, retain_reason = NULL WHERE id = ? AND retain IN ('due', 'removing')", id);
}

/** It may go after all, from then on: its receipt stands. */
export function retainFrom(db: Database, id: TransferId, at: SteadyMs): void {
  db.run(
    "UPDATE transfer SET retain = 'due', retain_at = ? WHERE id = ? AND state = 'delivered' AND basis = 'digest' AND retain IS NULL",
    Math.round(at),
    id,
  );
}

/** Whether the receipt is of the newest transfer of its path: a later one means that the file has changed since. */
export function isNewest(db: Database, flow: FlowId, retained: Retained): boolean {
  return newest(db, flow, retained.path)?.id === retained.id;
}

/** A directory that we removed since it was left empty: its disappearance is no change of the source. */
export function directoryRemovedByUs(db: Database, flow: FlowId, path: RelPath): void {
  db.run(
    "UPDATE transfer SET retain = 'removed' WHERE id = (SELECT max(id) FROM transfer WHERE flow = ? AND path = ?) AND kind = 'mkdir' AND state = 'delivered'",
    flow,
    pathCell(path),
  );
}
