import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { type AbsPath, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathFrom } from "./rows.ts";
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
  verified: boolean;
  /** Neither verified nor ignored. */
  waits: boolean;
  copied: boolean;
  failures: number;
  /** null: its count is set, whatever it says. */
  failuresThere: number | null;
};

/** A row, and how the transfer stands that follows it; `state` null: history has dropped that, or there never was one. */
export type FollowedRow = LedgerRow & {
  owed: number;
  /** What it may count by now; null: nothing was begun to be written. */
  failuresTold: number | null;
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

const followed = (
  index = "",
): string => `SELECT r.*, t.state, t.code, t.reason, t.path, t.ended_at, t.algorithm AS found_algorithm, t.digest AS found, f.path AS file
  FROM table_row r ${index} LEFT JOIN transfer t ON t.id = r.transfer LEFT JOIN source_file f ON f.transfer = r.transfer`;

const BY_ROW = `${followed()} WHERE r.flow = ? AND r.row = ?`;
const BY_TRANSFER = `${followed()} WHERE r.transfer = ?`;
// What is rare is found by its own index: any other way reads all rows.
const OWED = `${followed("INDEXED BY table_row_owed")} WHERE r.flow = ? AND r.owed > 0 ORDER BY r.row LIMIT ?`;

type FollowedCells = Row & {
  row: number;
  transfer: number | null;
  fingerprint: number;
  registration: number;
  registered_at: number;
  registered: string | null;
  removable: number;
  verified: number;
  waits: number;
  copied: number;
  failures: number;
  failures_there: number | null;
  failures_told: number | null;
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
    verified: cells.verified === 1,
    waits: cells.waits === 1,
    copied: cells.copied === 1,
    failures: cells.failures,
    failuresThere: cells.failures_there,
    owed: cells.owed,
    failuresTold: cells.failures_told,
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
  const cells = db.get<FollowedCells>(BY_ROW, flow, row);
  return cells === undefined ? null : followedFrom(cells);
}

/** The row that a transfer follows; null: none, any more. */
export function rowOfTransfer(db: Database, transfer: TransferId): FollowedRow | null {
  const cells = db.get<FollowedCells>(BY_TRANSFER, transfer);
  return cells === undefined ? null : followedFrom(cells);
}

/** Rows that are to be told of outcomes, by their keys. */
export function owedRows(db: Database, flow: FlowId, limit: number): FollowedRow[] {
  return db.all<FollowedCells>(OWED, flow, limit).map(followedFrom);
}

export function anyOwed(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM table_row INDEXED BY table_row_owed WHERE flow = ? AND owed > 0 LIMIT 1", flow) !== undefined;
}

export type KnownRow = { row: number; fingerprint: number };

/** All rows that are known, or those that wait for something, a part at a time. */
export function knownRows(db: Database, flow: FlowId, which: "all" | "waiting", after: number, limit: number): KnownRow[] {
  const [index, waiting] = which === "waiting" ? ["INDEXED BY table_row_waits ", "AND waits = 1 "] : ["", ""];
  return db.all<Row & KnownRow>(
    `SELECT row, fingerprint FROM table_row ${index}WHERE flow = ? ${waiting}AND row > ? ORDER BY row LIMIT ?`,
    flow,
    after,
    limit,
  );
}

const PUT_ROW = `INSERT INTO table_row (flow, row, transfer, fingerprint, registration, registered_at, registered, removable, verified, waits, copied, failures, failures_there)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (flow, row) DO UPDATE SET transfer = excluded.transfer, fingerprint = excluded.fingerprint, registration = excluded.registration, registered_at = excluded.registered_at,
    registered = excluded.registered, removable = excluded.removable, verified = excluded.verified, waits = excluded.waits, copied = excluded.copied, failures = excluded.failures,
    failures_there = excluded.failures_there, failures_told = NULL, removed_at = CASE WHEN transfer IS excluded.transfer THEN removed_at END`;

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
    row.verified ? 1 : 0,
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

/**
 * Of a row that was written, or that needed it no more; unless more came since it was read (`owed`). `failures`: what it was to count, and what it
 * counts; null: it is another row by now, of which nothing was counted.
 */
export type WrittenRow = {
  row: number;
  owed: number;
  fingerprint: number;
  verified: boolean;
  waits: boolean;
  copied: boolean;
  failures: { wanted: number; there: number } | null;
};

export function ackRow(db: Database, flow: FlowId, written: WrittenRow): void {
  if (written.failures !== null) recountRow(db, flow, written.row, written.failures);
  else
    db.run(
      "UPDATE table_row SET failures = coalesce(failures_there, failures), failures_there = coalesce(failures_there, failures), failures_told = NULL WHERE flow = ? AND row = ?",
      flow,
      written.row,
    );
  db.run(
    "UPDATE table_row SET owed = CASE WHEN owed = ? AND failures = failures_there THEN 0 ELSE owed END, fingerprint = ?, verified = ?, waits = ?, copied = ? WHERE flow = ? AND row = ?",
    written.owed,
    written.fingerprint,
    written.verified ? 1 : 0,
    written.waits ? 1 : 0,
    written.copied ? 1 : 0,
    flow,
    written.row,
  );
}

/** Before it is written: if a kill comes, nobody knows whether it was. What is in doubt already is settled first. */
export function tellFailures(db: Database, flow: FlowId, row: number, failures: number): void {
  db.run("UPDATE table_row SET failures_told = ? WHERE flow = ? AND row = ? AND failures_told IS NULL", failures, flow, row);
}

/** The row says `there` now: what was counted beyond `wanted` comes on top of that. */
export function recountRow(db: Database, flow: FlowId, row: number, { wanted, there }: { wanted: number; there: number }): void {
  db.run(
    "UPDATE table_row SET failures = max(0, ?1 + failures - ?2), failures_there = ?1, failures_told = NULL WHERE flow = ?3 AND row = ?4",
    there,
    wanted,
    flow,
    row,
  );
}

export function oweRow(db: Database, flow: FlowId, row: number): void {
  db.run("UPDATE table_row SET owed = owed + 1 WHERE flow = ? AND row = ?", flow, row);
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
