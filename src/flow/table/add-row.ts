import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { type Bytes, bufferOf, textOf, bytesOfText } from "../../kernel/path.ts";
import type { NewRow, TablePlace } from "./messages.ts";
import { quoteName, whereClause } from "./sql.ts";

/**
 * Registers a file in the table, with the values that make the row one of ours, and gives its key. Where a row of ours names the same file and path there is
 * nothing to do, so that whoever was killed may ask again. Within a transaction.
 */
export function addRow(sqlite: DatabaseSync, place: TablePlace, row: NewRow): number {
  const { table, columns, where } = place;
  const values = where.map(({ value }) => value);
  const [file, path] = [textCell(row.file), textCell(row.path)];
  const known = sqlite
    .prepare(
      `SELECT ${quoteName(columns.id)} AS id FROM ${quoteName(table)} WHERE ${quoteName(columns.file)} IS ? AND ${quoteName(columns.path)} IS ?${whereClause(place)} LIMIT 1`,
    )
    .get(file, path, ...values);
  if (known !== undefined) return Number(known["id"]);
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
