import type { WallMs } from "../../kernel/clock.ts";
import { type AbsPath, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { cellsOf, pathCell, pathFrom, prefixRange } from "./rows.ts";
import { digestFrom } from "./segments.ts";
import type { StateName } from "./states.ts";

/** Rows with the same path that came before this one, and are not done. */
export function olderRows(db: Database, flow: FlowId, path: RelPath, row: number): number[] {
  return db
    .all<{ row: number }>(
      "SELECT r.row FROM transfer t JOIN table_row r ON r.transfer = t.id WHERE t.flow = ? AND t.path = ? AND r.row < ? AND r.waits = 1 AND t.state IN ('superseded', 'ignored')",
      flow,
      pathCell(path),
      row,
    )
    .map((found) => found.row);
}

export type NewerRow = { row: number; isDone: boolean; found: Digest | null; endedAtMs: WallMs | null };

/**
 * A later row of the table with the same path, which is what counts (P7); null: there is none. `found`: as we read it back ourselves; null: it is
 * not done, or that it is done is the word of another program.
 */
export function newerRow(db: Database, flow: FlowId, path: RelPath, row: number): NewerRow | null {
  const newer = db.get<
    Row & { row: number; verified: number; state: StateName; algorithm: string | null; digest: Uint8Array | null; ended_at: number | null }
  >(NEWER, flow, pathCell(path), row);
  if (newer === undefined) return null;
  const isDelivered = newer.state === "delivered";
  return {
    row: newer.row,
    isDone: isDelivered || newer.verified === 1,
    found: isDelivered ? digestFrom(newer.algorithm, newer.digest) : null,
    endedAtMs: newer.ended_at,
  };
}

const NEWER = `SELECT r.row, r.verified, t.state, t.algorithm, t.digest, t.ended_at FROM transfer t JOIN table_row r ON r.transfer = t.id
  WHERE t.flow = ? AND t.path = ? AND r.row > ? AND (t.state = 'delivered' OR r.verified = 1 OR (r.waits = 1 AND t.state NOT IN ('superseded', 'ignored')))
  ORDER BY r.row DESC LIMIT 1`;

/** Transfers that wait for the same path, or were given up. */
export function openAt(db: Database, flow: FlowId, path: RelPath): TransferId[] {
  return db
    .all<{ id: number }>(
      "SELECT id FROM transfer WHERE flow = ? AND path = ? AND state IN ('settling', 'queued', 'dead')",
      flow,
      pathCell(path),
    )
    .map(({ id }) => id);
}

/** The file is another version than was seen when its row was read. Whoever sends it now compares with this one. */
export function renewVersion(db: Database, id: TransferId, change: Change & { kind: "put" }): boolean {
  const [, , , , inode, size, mtimeNs, mode, , , bulk] = cellsOf(change);
  return (
    db.run(
      "UPDATE transfer SET inode = ?, size = ?, mtime_ns = ?, mode = ?, bulk = ? WHERE id = ? AND state = 'queued'",
      inode!,
      size!,
      mtimeNs!,
      mode!,
      bulk!,
      id,
    ) === 1
  );
}

/** Of the newest transfer of a path, where it waits. */
export function queuedFile(db: Database, flow: FlowId, path: RelPath): { id: TransferId; path: RelPath; file: AbsPath } | null {
  const row = db.get<Row & { id: number; file: Uint8Array }>(
    "SELECT t.id, f.path AS file FROM transfer t JOIN source_file f ON f.transfer = t.id WHERE t.flow = ? AND t.path = ? AND t.state = 'queued' ORDER BY t.id DESC LIMIT 1",
    flow,
    pathCell(path),
  );
  return row === undefined ? null : { id: row.id, path, file: bytesOf(row.file) as AbsPath };
}

/** Where a file was to be sent. */
export function pathsOfFile(db: Database, flow: FlowId, file: AbsPath): RelPath[] {
  return db
    .all<Row & { path: Uint8Array }>(
      "SELECT DISTINCT t.path FROM source_file f JOIN transfer t ON t.id = f.transfer WHERE f.path = ? AND t.flow = ?",
      pathCell(file),
      flow,
    )
    .map(({ path }) => pathFrom(path));
}

/** Whether a file is still to be sent by a flow, other than by this transfer; also one that a person may send again. */
export function owesFile(db: Database, flow: FlowId, file: AbsPath, besides: TransferId | null = null): boolean {
  return (
    db.get(
      "SELECT 1 FROM source_file f JOIN transfer t ON t.id = f.transfer WHERE f.path = ? AND t.flow = ? AND t.id IS NOT ? AND t.state IN ('settling', 'queued', 'sending', 'dead') LIMIT 1",
      pathCell(file),
      flow,
      besides,
    ) !== undefined
  );
}

/** Files below a directory that are at the destination by the word of another program, of which no receipt of ours tells. */
export function* verifiedElsewhereBelow(db: Database, flow: FlowId, directory: RelPath): Generator<RelPath> {
  for (const row of db.each<Row & { path: Uint8Array }>(ELSEWHERE_BELOW, flow, ...prefixRange(directory))) yield pathFrom(row.path);
}

const ELSEWHERE_BELOW = `SELECT DISTINCT t.path FROM transfer t JOIN table_row r ON r.transfer = t.id
  WHERE t.flow = ?1 AND t.path > ?2 AND t.path < ?3 AND t.state = 'ignored' AND r.verified = 1
    AND NOT EXISTS (SELECT 1 FROM transfer d WHERE d.flow = ?1 AND d.path = t.path AND d.state = 'delivered')`;
