import { bytesOf, type Bytes } from "../../kernel/path.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell } from "./rows.ts";

/** Which table was compared as a whole last, and how far new rows of it were read. */
export type ReadSoFar = { identity: string | null; high: number | null };

export function readSoFar(db: Database, flow: FlowId): ReadSoFar {
  const row = db.get<Row & ReadSoFar>("SELECT identity, high FROM table_source WHERE flow = ?", flow);
  if (row !== undefined) return { identity: row.identity, high: row.high };
  db.run("INSERT INTO table_source (flow) VALUES (?)", flow);
  return { identity: null, high: null };
}

export function readThrough(db: Database, flow: FlowId, high: number): void {
  db.run("UPDATE table_source SET high = max(coalesce(high, ?1), ?1) WHERE flow = ?2 AND high IS NOT ?1", high, flow);
}

/** It is another table, or goes less far than it did: `high` begins anew. */
export function beginComparison(db: Database, flow: FlowId): void {
  db.run("UPDATE table_source SET identity = NULL, high = NULL WHERE flow = ?", flow);
}

export function endComparison(db: Database, flow: FlowId, identity: string): void {
  db.run("UPDATE table_source SET identity = ? WHERE flow = ? AND identity IS NOT ?", identity, flow, identity);
}

export function noteAdded(db: Database, flow: FlowId, atS: number, file: Bytes | null): void {
  db.run(
    "UPDATE table_source SET last_added = ?1, last_added_file = ?2 WHERE flow = ?3 AND (last_added IS NULL OR last_added <= ?1)",
    atS,
    file === null ? null : pathCell(file),
    flow,
  );
}

export function noteCopied(db: Database, flow: FlowId, atS: number, file: Bytes | null): void {
  db.run(
    "UPDATE table_source SET last_copied = ?1, last_copied_file = ?2 WHERE flow = ?3 AND (last_copied IS NULL OR last_copied <= ?1)",
    atS,
    file === null ? null : pathCell(file),
    flow,
  );
}

/** What is told of the rows as a whole. */
export type ArchiveFacts = {
  /** All rows that were registered up to here are verified, or ignored. */
  finalizedUntilS: number;
  /** The row that this waits for; null: for none, it is now. */
  waitsFor: number | null;
  rows: number;
  uncopied: number;
  lastAdded: Bytes | null;
  lastCopied: Bytes | null;
  /** Rows that are to be told of outcomes. */
  owed: number;
};

/** Owed rows are counted so far: each of them costs a step. */
const COUNTED_MAX = 100_000;

/** Each is one step in an index, however many rows there are. null: the table was never read. */
export function archiveFacts(db: Database, flow: FlowId, nowS: number): ArchiveFacts | null {
  const all = db.get<
    Row & { row_count: number; uncopied: number; last_added_file: Uint8Array | null; last_copied_file: Uint8Array | null }
  >("SELECT row_count, uncopied, last_added_file, last_copied_file FROM table_source WHERE flow = ?", flow);
  if (all === undefined) return null;
  const first = db.get<{ row: number; registered_at: number }>(
    "SELECT row, registered_at FROM table_row INDEXED BY table_row_first WHERE flow = ? AND waits = 1 ORDER BY registered_at LIMIT 1",
    flow,
  );
  const owed = db.get<{ n: number }>(
    "SELECT count(*) AS n FROM (SELECT 1 FROM table_row INDEXED BY table_row_owed WHERE flow = ? AND owed > 0 LIMIT ?)",
    flow,
    COUNTED_MAX,
  );
  return {
    finalizedUntilS: first === undefined ? nowS : first.registered_at - 1,
    waitsFor: first?.row ?? null,
    rows: all.row_count,
    uncopied: all.uncopied,
    lastAdded: all.last_added_file === null ? null : bytesOf(all.last_added_file),
    lastCopied: all.last_copied_file === null ? null : bytesOf(all.last_copied_file),
    owed: owed?.n ?? 0,
  };
}
