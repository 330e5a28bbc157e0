import { readColumns } from "./cells.ts";
import type { TablePlace } from "./messages.ts";

/** Names of a foreign schema, whatever they hold. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The rows that are ours. */
export function whereClause({ where }: Pick<TablePlace, "where">): string {
  return where.map(({ column }) => ` AND ${quoteName(column)} IS ?`).join("");
}

export type ReadStatements = { last: string; range: string; key: string; naming: string };

/** Numbers come as they are, the rest as bytes; of each its type, since columns hold what somebody put there. */
export function readStatements(place: TablePlace): ReadStatements {
  const { columns } = place;
  const id = quoteName(columns.id);
  const cells = readColumns.map((name) => {
    const column = columns[name];
    if (column === null) return "NULL, NULL";
    const quoted = quoteName(column);
    return `typeof(${quoted}), CASE WHEN typeof(${quoted}) IN ('integer', 'real') THEN ${quoted} ELSE CAST(${quoted} AS BLOB) END`;
  });
  const from = `FROM ${quoteName(place.table)}`;
  const select = `SELECT ${id}, ${cells.join(", ")} ${from}`;
  const ours = whereClause(place);
  return {
    last: `SELECT max(${id}) ${from}`,
    range: `${select} WHERE ${id} > ? AND ${id} <= ?${ours} ORDER BY ${id}`,
    key: `${select} WHERE ${id} = ?${ours}`,
    naming: `${select} WHERE ${quoteName(columns.file)} IN (?, ?)${ours}`,
  };
}

/** How many rows are ours. */
export function countStatement(place: Pick<TablePlace, "table" | "where">): string {
  return `SELECT count(*) AS n FROM ${quoteName(place.table)} WHERE 1${whereClause(place)}`;
}

/** The columns that the table has to have. */
export function namedColumns({ columns, where }: Pick<TablePlace, "columns" | "where">): string[] {
  return [...new Set([...Object.values(columns).filter((name) => name !== null), ...where.map(({ column }) => column)])];
}
