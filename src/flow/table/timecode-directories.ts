import type { DatabaseSync } from "node:sqlite";
import type { Bytes } from "../../kernel/path.ts";
import { addRow } from "./add-row.ts";
import type { SetWrite, TablePlace } from "./messages.ts";
import { quoteName, whereClause } from "./sql.ts";

/** SupRsync's table of timecode directories, version 0. Where a database has none, nothing is written of them. */
const TABLE = "timecode_dirs_v0";
const COLUMNS = ["timecode", "completed", "synced", "finalized", "finalize_file_id"];

/**
 * Tells of a set: whole (`completed`), or with its manifest registered as a row, also `synced` and `finalized`. What says so already stays as it is,
 * so that whoever was killed may tell again. Within a transaction.
 */
export function tellSet(sqlite: DatabaseSync, place: TablePlace, { timecode, manifest }: SetWrite): void {
  const row = manifest === null ? null : addRow(sqlite, place, manifest);
  if (!keepsTimecodes(sqlite, place)) return;
  const ours = place.where.map(({ value }) => value);
  const coming = manifest === null ? null : firstTimecode(manifest.path);
  // Whoever adds a row registers its timecode directory.
  for (const one of [timecode, coming]) if (one !== null) register(sqlite, place, one);
  if (timecode === null) return;
  if (row === null) {
    const whole = `UPDATE ${TABLE} SET completed = 1 WHERE timecode = ? AND completed IS NOT 1${whereClause(place)}`;
    sqlite.prepare(whole).run(timecode, ...ours);
    return;
  }
  const final = `UPDATE ${TABLE} SET completed = 1, synced = 1, finalized = 1, finalize_file_id = ? WHERE timecode = ? AND finalized IS NOT 1${whereClause(place)}`;
  sqlite.prepare(final).run(row, timecode, ...ours);
}

/** Of the rows that are ours. */
export function finalTimecodes(sqlite: DatabaseSync, place: TablePlace): number[] {
  if (!keepsTimecodes(sqlite, place)) return [];
  const final = `SELECT DISTINCT timecode FROM ${TABLE} WHERE finalized = 1 AND typeof(timecode) = 'integer'${whereClause(place)}`;
  return sqlite
    .prepare(final)
    .all(...place.where.map(({ value }) => value))
    .map((row) => Number(row["timecode"]));
}

function keepsTimecodes(sqlite: DatabaseSync, { where }: TablePlace): boolean {
  const there = new Set(
    sqlite
      .prepare(`PRAGMA table_info(${TABLE})`)
      .all()
      .map((column) => String(column["name"]).toLowerCase()),
  );
  return [...COLUMNS, ...where.map(({ column }) => column.toLowerCase())].every((name) => there.has(name));
}

function register(sqlite: DatabaseSync, place: TablePlace, timecode: number): void {
  const ours = place.where.map(({ value }) => value);
  const known = sqlite.prepare(`SELECT 1 FROM ${TABLE} WHERE timecode = ?${whereClause(place)} LIMIT 1`).get(timecode, ...ours);
  if (known !== undefined) return;
  const columns = place.where.map(({ column }) => `${quoteName(column)}, `).join("");
  const marks = ours.map(() => "?, ").join("");
  sqlite
    .prepare(`INSERT INTO ${TABLE} (${columns}timecode, completed, synced, finalized) VALUES (${marks}?, 0, 0, 0)`)
    .run(...ours, timecode);
}

/** Of a path at the destination: its first component, where that is one. */
function firstTimecode(path: Bytes): number | null {
  const first = path.split("/", 1)[0] ?? "";
  return /^\d{5}$/.test(first) ? Number(first) : null;
}
