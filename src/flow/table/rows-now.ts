import type { AbsPath } from "../../kernel/path.ts";
import { TableError } from "./connection.ts";
import type { TablePlace } from "./messages.ts";
import type { TableRow } from "./row.ts";
import { TableFile } from "./table-file.ts";

/** What the table says now, for people: asked at once, from a process that has nothing else to do. */
export type RowsNow = { rows: TableRow[] } | { trouble: string };

/** By its key: one row, or none. */
export function rowNow(place: TablePlace, row: number): RowsNow {
  return ask(place, (table) => table.find({ row }));
}

/** Rows that name a file: reads the whole table, unless that has an index. */
export function rowsNaming(place: TablePlace, file: AbsPath): RowsNow {
  return ask(place, (table) => table.find({ file }));
}

function ask(place: TablePlace, question: (table: TableFile) => TableRow[]): RowsNow {
  using table = new TableFile(place);
  try {
    return { rows: question(table) };
  } catch (error) {
    if (error instanceof TableError) return { trouble: error.message };
    throw error;
  }
}
