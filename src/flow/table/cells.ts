import { hash } from "node:crypto";
import type { SQLOutputValue } from "node:sqlite";
import { bytesOf, type Bytes } from "../../kernel/path.ts";

/** A value of the table as it is, whatever its column was declared to hold. Text is bytes, since SQLite checks no encoding. */
export type TableCell =
  | { kind: "null" }
  | { kind: "number"; value: number }
  | { kind: "text"; value: Bytes }
  | { kind: "blob"; value: Bytes };

/** What is read of each row, in this order; a column that the table has not is `null`. */
export const readColumns = [
  "file",
  "path",
  "digest",
  "found",
  "registeredAt",
  "deliveredAt",
  "removedAt",
  "failures",
  "removable",
  "ignore",
] as const;

export type RowCells = { row: number; cells: Record<(typeof readColumns)[number], TableCell> };

const nothing: TableCell = { kind: "null" };

/** From a row of `SELECT id, typeof(a), CAST(a AS BLOB) or a, ...`: text and blobs come as bytes, numbers as they are. */
export function cellsFrom(values: readonly SQLOutputValue[]): RowCells {
  const cells = {} as RowCells["cells"];
  for (const [index, name] of readColumns.entries()) cells[name] = cellFrom(values[1 + 2 * index], values[2 + 2 * index] ?? null);
  return { row: Number(values[0]), cells };
}

function cellFrom(type: SQLOutputValue | undefined, value: SQLOutputValue): TableCell {
  if (type === "text" && value instanceof Uint8Array) return { kind: "text", value: bytesOf(value) };
  if (type === "blob" && value instanceof Uint8Array) return { kind: "blob", value: bytesOf(value) };
  if (typeof value === "number" || typeof value === "bigint") return { kind: "number", value: Number(value) };
  return nothing;
}

/** Bits of a digest that a JavaScript number holds exactly. */
const FINGERPRINT_DIGITS = 12;

/** Tells whether a row is as it was: of all that is read of it. Of the time of its delivery it only counts that there is one, and not which. */
export function fingerprintOf(row: RowCells): number {
  return print(row, readColumns);
}

/** Tells whether a row names the same file, path and sum. */
export function registrationOf(row: RowCells): number {
  return print(row, ["file", "path", "digest"]);
}

function print({ cells }: RowCells, names: ReadonlyArray<(typeof readColumns)[number]>): number {
  const parts = names.map((name) => {
    const cell = cells[name];
    if (name === "deliveredAt" && cell.kind === "number" && Number.isFinite(cell.value)) return "time";
    return cell.kind === "null" ? "n" : `${cell.kind[0]}${String(cell.value).length}:${cell.value}`;
  });
  return Number.parseInt(hash("sha1", parts.join(","), "hex").slice(0, FINGERPRINT_DIGITS), 16);
}

/** No row has it: whoever is known by it is compared anew. */
export const NO_FINGERPRINT = -1;
