import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { type Bytes, bufferOf, bytesOf, bytesOfText, textOf } from "../../kernel/path.ts";
import type { NewRow, TablePlace } from "./messages.ts";
import { quoteName, whereClause } from "./sql.ts";

/** Rows of ours, by their files and paths. */
export type Registered = ReadonlyMap<string, number>;

/**
 * Which of these files have a row of ours with the same path by now, so that whoever was killed may register them again. Reads all rows, for some
 * tenths of a second: before others have to wait for us, and never within a transaction that writes.
 */
export function registeredRows(sqlite: DatabaseSync, place: TablePlace, rows: readonly NewRow[]): Registered {
  const { table, columns, where } = place;
  const found = new Map<string, number>();
  if (rows.length === 0) return found;
  const [id, file, path] = [quoteName(columns.id), quoteName(columns.file), quoteName(columns.path)];
  const marks = Array.from(rows, () => "?").join(", ");
  const sql = `SELECT ${id} AS id, CAST(${file} AS BLOB) AS file, CAST(${path} AS BLOB) AS path FROM ${quoteName(table)} WHERE ${file} IN (${marks})${whereClause(place)} ORDER BY ${id} DESC`;
  for (const row of sqlite.prepare(sql).iterate(...rows.map((one) => textCell(one.file)), ...where.map(({ value }) => value)))
    found.set(keyOf(bytesOf(row["file"] as Uint8Array), bytesOf(row["path"] as Uint8Array)), Number(row["id"]));
  return found;
}

export function rowAmong(known: Registered, { file, path }: Pick<NewRow, "file" | "path">): number | null {
  return known.get(keyOf(file, path)) ?? null;
}

function keyOf(file: Bytes, path: Bytes): string {
  return `${file}\0${path}`;
}

/** Registers a file in the table, with the values that make the row one of ours. Within a transaction. */
export function addRow(sqlite: DatabaseSync, { table, columns, where }: TablePlace, row: NewRow): number {
  const [file, path] = [textCell(row.file), textCell(row.path)];
  const cells = new Map<string, SQLInputValue>(where.map(({ column, value }) => [column, value]));
  const put = (column: string | null, value: SQLInputValue): void => void (column === null || cells.set(column, value));
  put(columns.file, file);
  put(columns.path, path);
  if (row.digestHex !== null) put(columns.digest, row.digestHex);
  put(columns.registeredAt, row.registeredAtS);
  put(columns.failures, 0);
  put(columns.removable, row.removable ? 1 : 0);
  put(columns.ignore, 0);
  const names = [...cells.keys()].map(quoteName).join(", ");
  const marks = Array.from(cells, () => "?").join(", ");
  const added = sqlite.prepare(`INSERT INTO ${quoteName(table)} (${names}) VALUES (${marks})`).run(...cells.values());
  return Number(added.lastInsertRowid);
}

/** Text, as others write it; bytes that are no UTF-8 stay what they are. */
function textCell(bytes: Bytes): SQLInputValue {
  const text = textOf(bytes);
  return bytesOfText(text) === bytes ? text : bufferOf(bytes);
}
