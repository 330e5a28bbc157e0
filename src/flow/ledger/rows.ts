import { HotdirError, never } from "../../kernel/errors.ts";
import { bufferOf, type Bytes, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Change } from "../transfer.ts";
import { BULK_ABOVE_BYTES } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Cell, Row } from "./database.ts";

/** The columns that make a change; `mtime_ns` as text, since it does not fit a JavaScript number. */
export const CHANGE_COLUMNS = "kind, path, from_path, directory, inode, size, CAST(mtime_ns AS TEXT) AS mtime_ns, mode, links, target";

export type ChangeRow = Row & {
  kind: Change["kind"];
  path: Uint8Array;
  from_path: Uint8Array | null;
  directory: number;
  inode: string | null;
  size: number | null;
  mtime_ns: string | null;
  mode: number | null;
  links: number | null;
  target: Uint8Array | null;
};

export function pathCell(path: Bytes): Buffer {
  return bufferOf(path);
}

export function pathFrom(cell: Uint8Array): RelPath {
  return bytesOf(cell) as RelPath;
}

export function versionFrom(row: Pick<ChangeRow, "inode" | "size" | "mtime_ns">): Version | null {
  if (row.inode === null || row.size === null || row.mtime_ns === null) return null;
  return { inode: row.inode, sizeBytes: row.size, mtimeNs: BigInt(row.mtime_ns) };
}

export function changeFrom(row: ChangeRow): Change {
  const path = pathFrom(row.path);
  const version = versionFrom(row);
  switch (row.kind) {
    case "put":
      return { kind: "put", path, version: present(version, row), mode: present(row.mode, row), links: row.links ?? 1 };
    case "link":
      return { kind: "link", path, version: present(version, row), target: bytesOf(present(row.target, row)) };
    case "mkdir":
      return { kind: "mkdir", path, mode: present(row.mode, row) };
    case "rename":
      return {
        kind: "rename",
        path,
        from: pathFrom(present(row.from_path, row)),
        directory: row.directory === 1,
        version,
        mode: row.mode ?? 0o644,
      };
    case "delete":
    case "rmdir":
      return { kind: row.kind, path };
    default:
      return never(row.kind);
  }
}

function present<T>(value: T | null, row: ChangeRow): T {
  if (value === null)
    throw new HotdirError("state-failed", {
      operation: "read the ledger",
      path: pathFrom(row.path),
      detail: `a ${row.kind} lacks a column`,
    });
  return value;
}

export const INSERT_COLUMNS = "kind, path, from_path, directory, inode, size, mtime_ns, mode, links, target, bulk";
export const INSERT_MARKS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

/** The values for `INSERT_COLUMNS`. */
export function cellsOf(change: Change): Cell[] {
  const version = "version" in change ? change.version : null;
  const size = version?.sizeBytes ?? null;
  return [
    change.kind,
    pathCell(change.path),
    change.kind === "rename" ? pathCell(change.from) : null,
    change.kind === "rename" && change.directory ? 1 : 0,
    version?.inode ?? null,
    size,
    version?.mtimeNs ?? null,
    "mode" in change ? change.mode : null,
    change.kind === "put" ? change.links : null,
    change.kind === "link" ? pathCell(change.target) : null,
    size !== null && size > BULK_ABOVE_BYTES ? 1 : 0,
  ];
}

/** Bytes from `directory/` up to, and without, `directory0`: "0" is the byte after "/". */
export function prefixRange(directory: RelPath): [Buffer, Buffer] {
  return [pathCell(`${directory}/` as Bytes), pathCell(`${directory}0` as Bytes)];
}
