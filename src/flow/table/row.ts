import { absPath, type AbsPath, type Bytes, isRelPath, NAME_BYTES_MAX, type RelPath, show } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { TableColumns } from "../settings.ts";
import { fingerprintOf, registrationOf, type RowCells, type TableCell } from "./cells.ts";

/** A row as far as it can be understood. What cannot has its reason in `unusable`, and blocks nothing but itself. */
export type TableRow = {
  row: number;
  fingerprint: number;
  registration: number;
  unusable: string | null;
  file: AbsPath | null;
  path: RelPath | null;
  /** What the content has to be, and the same as the row writes it. */
  digest: Digest | null;
  registered: string | null;
  registeredAtS: number;
  /** It says when it was delivered. */
  copiedAtS: number | null;
  removedAtS: number | null;
  failures: number;
  removable: boolean;
  ignore: boolean;
  /** It says that the destination has been read back, and had the registered content. */
  verified: boolean;
};

const digestDigits: Record<DigestAlgorithm, number> = { md5: 32, sha256: 64, sha512: 128, blake2b: 128 };

/** How the cells of a table are to be understood. */
export type Reading = { columns: TableColumns; algorithm: DigestAlgorithm };

/** @param nowS stands for a time of registration that the row does not tell. */
export function readRow(raw: RowCells, { columns, algorithm }: Reading, nowS: number): TableRow {
  const { row, cells } = raw;
  const faults: string[] = [];
  const name = (column: keyof TableColumns): string => columns[column] ?? column;
  const number = (column: "registeredAt" | "deliveredAt" | "removedAt" | "failures"): number | null => {
    const cell = cells[column];
    if (cell.kind === "number" && Number.isFinite(cell.value)) return cell.value;
    if (cell.kind === "null") return null;
    // A column without a type holds numbers as the text that somebody wrote.
    const value = cell.kind === "text" && /^\s*[-+]?\d/.test(cell.value) ? Number(cell.value) : Number.NaN;
    if (Number.isFinite(value)) return value;
    faults.push(`${name(column)} is ${shown(cell)}, not a number`);
    return null;
  };
  const registeredAtS = number("registeredAt");
  if (registeredAtS === null && columns.registeredAt !== null && cells.registeredAt.kind === "null")
    faults.push(`${name("registeredAt")} is NULL`);
  const file = or(fileOf(cells.file, name("file")), faults);
  const path = or(pathOf(cells.path, name("path")), faults);
  const digest = or(digestOf(cells.digest, algorithm, name("digest")), faults);
  const read = {
    copiedAtS: number("deliveredAt"),
    removedAtS: number("removedAt"),
    failures: Math.trunc(number("failures") ?? 0),
  };
  const registered = cells.digest.kind === "text" ? cells.digest.value : null;
  return {
    row,
    fingerprint: fingerprintOf(raw),
    registration: registrationOf(raw),
    file,
    path,
    digest,
    registered,
    registeredAtS: registeredAtS ?? nowS,
    ...read,
    removable: columns.removable === null || isTrue(cells.removable),
    ignore: isTrue(cells.ignore),
    verified: isVerified(cells, columns, read.copiedAtS),
    unusable: faults.length === 0 ? null : faults.join("; "),
  };
}

type Found<T> = { value: T } | { fault: string };

function or<T>(found: Found<T>, faults: string[]): T | null {
  if ("value" in found) return found.value;
  faults.push(found.fault);
  return null;
}

function fileOf(cell: TableCell, name: string): Found<AbsPath> {
  if (cell.kind !== "text" && cell.kind !== "blob") return { fault: `${name} is ${shown(cell)}, not a path` };
  if (!cell.value.startsWith("/")) return { fault: `${name} ${shown(cell)} is not an absolute path` };
  return cell.value.includes("\0") ? { fault: `${name} holds a NUL` } : { value: absPath(cell.value) };
}

/** Doubled slashes and single dots say nothing, and go; what leads out of the destination is refused. */
function pathOf(cell: TableCell, name: string): Found<RelPath> {
  if (cell.kind !== "text" && cell.kind !== "blob") return { fault: `${name} is ${shown(cell)}, not a path` };
  const segments = cell.value.split("/").filter((segment) => segment !== "" && segment !== ".");
  const path = segments.join("/") as Bytes;
  if (cell.value.startsWith("/")) return { fault: `${name} ${shown(cell)} is absolute: it has to be relative to the destination` };
  if (segments.includes("..")) return { fault: `${name} ${shown(cell)} leads out of the destination` };
  if (cell.value.endsWith("/") || !isRelPath(path)) return { fault: `${name} ${shown(cell)} names no file` };
  return segments.some((segment) => segment.length > NAME_BYTES_MAX)
    ? { fault: `${name} has a name of more than ${NAME_BYTES_MAX} bytes` }
    : { value: path };
}

function digestOf(cell: TableCell, algorithm: DigestAlgorithm, name: string): Found<Digest | null> {
  if (cell.kind === "null") return { value: null };
  const hex = cell.kind === "text" ? cell.value.toLowerCase() : "";
  return new RegExp(`^[0-9a-f]{${digestDigits[algorithm]}}$`).test(hex)
    ? { value: { algorithm, hex } }
    : { fault: `${name} is ${shown(cell)}, not a sum of ${algorithm}` };
}

/** Which columns a table has says what in a row tells that it is done. */
function isVerified({ digest, found }: RowCells["cells"], columns: TableColumns, copiedAtS: number | null): boolean {
  if (columns.found === null) return copiedAtS !== null;
  if (found.kind !== "text") return false;
  return digest.kind === "null" || (digest.kind === "text" && digest.value.toLowerCase() === found.value.toLowerCase());
}

function isTrue(cell: TableCell): boolean {
  return cell.kind === "number" ? cell.value !== 0 : cell.kind === "text" && /^(true|yes|t|1)$/i.test(cell.value);
}

const SHOWN_MAX = 80;

function shown(cell: TableCell): string {
  if (cell.kind === "null") return "NULL";
  if (cell.kind === "number") return String(cell.value);
  const text = show(cell.value.slice(0, SHOWN_MAX) as Bytes);
  return `${cell.kind === "blob" ? "a BLOB " : ""}'${text}${cell.value.length > SHOWN_MAX ? "..." : ""}'`;
}
