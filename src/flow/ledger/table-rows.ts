import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { type AbsPath, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { cellsOf, pathCell, pathFrom } from "./rows.ts";
import { digestFrom } from "./segments.ts";
import type { StateName } from "./states.ts";

/** A row of the other program's table, as the ledger keeps it (`schema.ts`, `table_row`). */
export type LedgerRow = {
  row: number;
  transfer: TransferId | null;
  fingerprint: number;
  /** Another one: the row names another file, path or sum. */
  registration: number;
  registeredAtS: number;
  /** The sum that it names, in lower-case hexadecimal. */
  registered: string | null;
  removable: boolean;
  waits: boolean;
  copied: boolean;
  failures: number;
  failuresThere: number;
};

/** A row, and how the transfer stands that follows it; `state` null: history has dropped that, or there never was one. */
export type FollowedRow = LedgerRow & {
  owed: number;
  removedAtS: number | null;
  state: StateName | null;
  code: string | null;
  reason: string | null;
  path: RelPath | null;
  file: AbsPath | null;
  endedAtMs: WallMs | null;
  /** Read back at the destination. */
  found: Digest | null;
};

const FOLLOWED = `SELECT r.*, t.state, t.code, t.reason, t.path, t.ended_at, t.algorithm AS found_algorithm, t.digest AS found, f.path AS file
  FROM table_row r LEFT JOIN transfer t ON t.id = r.transfer LEFT JOIN source_file f ON f.transfer = r.transfer`;

type FollowedCells = Row & {
  row: number;
  transfer: number | null;
  fingerprint: number;
  registration: number;
  registered_at: number;
  registered: string | null;
  removable: number;
  waits: number;
  copied: number;
  failures: number;
  failures_there: number;
  removed_at: number | null;
  owed: number;
  state: StateName | null;
  code: string | null;
  reason: string | null;
  path: Uint8Array | null;
  ended_at: number | null;
  found_algorithm: string | null;
  found: Uint8Array | null;
  file: Uint8Array | null;
};

function followedFrom(cells: FollowedCells): FollowedRow {
  return {
    row: cells.row,
    transfer: cells.transfer,
    fingerprint: cells.fingerprint,
    registration: cells.registration,
    registeredAtS: cells.registered_at,
    registered: cells.registered,
    removable: cells.removable === 1,
    waits: cells.waits === 1,
    copied: cells.copied === 1,
    failures: cells.failures,
    failuresThere: cells.failures_there,
    owed: cells.owed,
    removedAtS: cells.removed_at,
    state: cells.state,
    code: cells.code,
    reason: cells.reason,
    path: cells.path === null ? null : pathFrom(cells.path),
    file: cells.file === null ? null : (bytesOf(cells.file) as AbsPath),
    endedAtMs: cells.ended_at,
    found: digestFrom(cells.found_algorithm, cells.found),
  };
}

export function followedRow(db: Database, flow: FlowId, row: number): FollowedRow | null {
  const cells = db.get<FollowedCells>(`${FOLLOWED} WHERE r.flow = ? AND r.row = ?`, flow, row);
  return cells === undefined ? null : followedFrom(cells);
}

/** The row that a transfer follows; null: none, any more. */
export function rowOfTransfer(db: Database, transfer: TransferId): FollowedRow | null {
  const cells = db.get<FollowedCells>(`${FOLLOWED} WHERE r.transfer = ?`, transfer);
  return cells === undefined ? null : followedFrom(cells);
}

/** Rows that are to be told of outcomes, by their keys. */
export function owedRows(db: Database, flow: FlowId, limit: number): FollowedRow[] {
  return db.all<FollowedCells>(`${FOLLOWED} WHERE r.flow = ? AND r.owed > 0 ORDER BY r.row LIMIT ?`, flow, limit).map(followedFrom);
}

export function anyOwed(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM table_row WHERE flow = ? AND owed > 0 LIMIT 1", flow) !== undefined;
}

export type KnownRow = { row: number; fingerprint: number };

/** All rows that are known, or those that wait for something, a part at a time. */
export function knownRows(db: Database, flow: FlowId, which: "all" | "waiting", after: number, limit: number): KnownRow[] {
  const waiting = which === "waiting" ? "AND waits = 1 " : "";
  return db.all<Row & KnownRow>(
    `SELECT row, fingerprint FROM table_row WHERE flow = ? ${waiting}AND row > ? ORDER BY row LIMIT ?`,
    flow,
    after,
    limit,
  );
}

const PUT_ROW = `INSERT INTO table_row (flow, row, transfer, fingerprint, registration, registered_at, registered, removable, waits, copied, failures, failures_there)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (flow, row) DO UPDATE SET transfer = excluded.transfer, fingerprint = excluded.fingerprint, registration = excluded.registration, registered_at = excluded.registered_at,
    registered = excluded.registered, removable = excluded.removable, waits = excluded.waits, copied = excluded.copied, failures = excluded.failures,
    failures_there = excluded.failures_there, removed_at = CASE WHEN transfer IS excluded.transfer THEN removed_at END`;

/** What is owed to the row stays owed. */
export function putRow(db: Database, flow: FlowId, row: LedgerRow): void {
  db.run(
    PUT_ROW,
    flow,
    row.row,
    row.transfer,
    row.fingerprint,
    row.registration,
    row.registeredAtS,
    row.registered,
    row.removable ? 1 : 0,
    row.waits ? 1 : 0,
    row.copied ? 1 : 0,
    row.failures,
    row.failuresThere,
  );
}

export function forgetRow(db: Database, flow: FlowId, row: number): void {
  db.run("DELETE FROM table_row WHERE flow = ? AND row = ?", flow, row);
}

/** It is compared with the table anew at the next look. */
export function lookAgain(db: Database, flow: FlowId, row: number, fingerprint: number): void {
  db.run("UPDATE table_row SET fingerprint = ? WHERE flow = ? AND row = ?", fingerprint, flow, row);
}

/** Of a row that was written, or that needed it no more; unless more came since it was read (`owed`). */
export type WrittenRow = { row: number; owed: number; fingerprint: number; waits: boolean; copied: boolean; failuresThere: number };

export function ackRow(db: Database, flow: FlowId, written: WrittenRow): void {
  db.run(
    "UPDATE table_row SET owed = CASE owed WHEN ? THEN 0 ELSE owed END, fingerprint = ?, waits = ?, copied = ?, failures_there = ? WHERE flow = ? AND row = ?",
    written.owed,
    written.fingerprint,
    written.waits ? 1 : 0,
    written.copied ? 1 : 0,
    written.failuresThere,
    flow,
    written.row,
  );
}

/** Somebody else counted, or set the count: what is to be written stands on that now. */
export function rebaseFailures(db: Database, flow: FlowId, row: number, there: number): void {
  db.run(
    "UPDATE table_row SET failures = max(0, ?1 + failures - failures_there), failures_there = ?1 WHERE flow = ?2 AND row = ?3",
    there,
    flow,
    row,
  );
}

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

export function oweRow(db: Database, flow: FlowId, row: number): void {
  db.run("UPDATE table_row SET owed = owed + 1 WHERE flow = ? AND row = ?", flow, row);
}

export type NewerRow = { row: number; state: StateName; found: Digest | null; endedAtMs: WallMs | null };

/** A later row of the table with the same path, which is what counts (P7); null: there is none. */
export function newerRow(db: Database, flow: FlowId, path: RelPath, row: number): NewerRow | null {
  const newer = db.get<
    Row & { row: number; state: StateName; algorithm: string | null; digest: Uint8Array | null; ended_at: number | null }
  >(
    "SELECT r.row, t.state, t.algorithm, t.digest, t.ended_at FROM transfer t JOIN table_row r ON r.transfer = t.id WHERE t.flow = ? AND t.path = ? AND r.row > ? AND (t.state = 'delivered' OR (r.waits = 1 AND t.state NOT IN ('superseded', 'ignored'))) ORDER BY r.row DESC LIMIT 1",
    flow,
    pathCell(path),
    row,
  );
  return newer === undefined
    ? null
    : { row: newer.row, state: newer.state, found: digestFrom(newer.algorithm, newer.digest), endedAtMs: newer.ended_at };
}

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

/** A transfer waits for its next try; or was given up, and has all tries before it again. */
export function recount(db: Database, id: TransferId, failures: number, at: SteadyMs): void {
  db.run("UPDATE transfer SET failures = ? WHERE id = ? AND state = 'queued'", failures, id);
  db.run(
    "UPDATE transfer SET state = 'queued', due_at = ?, ended_at = NULL, failures = ? WHERE id = ? AND state = 'dead'",
    Math.round(at),
    failures,
    id,
  );
}

/** When the row is to say that its file went; 0: it was gone already. With the end of the removal, in one transaction. */
export function noteRemoved(db: Database, transfer: TransferId, atS: number): void {
  db.run("UPDATE table_row SET removed_at = ? WHERE transfer = ?", atS, transfer);
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
