import { type AbsPath, bytesOf } from "../../kernel/path.ts";
import type { NamedFile, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell } from "./rows.ts";
import { digestFrom } from "./segments.ts";

/** With the transfer, in one transaction. */
export function recordNamedFile(db: Database, flow: FlowId, transfer: TransferId, { path, digest }: NamedFile): void {
  db.run(
    "INSERT INTO source_file (transfer, flow, path, algorithm, digest) VALUES (?, ?, ?, ?, ?)",
    transfer,
    flow,
    pathCell(path),
    digest?.algorithm ?? null,
    digest === null ? null : Buffer.from(digest.hex, "hex"),
  );
}

/** One step in the index: most flows have none, and are not asked for each of their files. */
export function anyNamedFile(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM source_file WHERE flow = ? LIMIT 1", flow) !== undefined;
}

/** null: the transfer's file is at its path below the source's root. */
export function namedFile(db: Database, transfer: TransferId): NamedFile | null {
  const row = db.get<Row & { path: Uint8Array; algorithm: string | null; digest: Uint8Array | null }>(
    "SELECT path, algorithm, digest FROM source_file WHERE transfer = ?",
    transfer,
  );
  return row === undefined ? null : { path: bytesOf(row.path) as AbsPath, digest: digestFrom(row.algorithm, row.digest) };
}

/** Whether the file of a transfer is somewhere else than at its path. */
export function isNamedElsewhere(db: Database, transfer: TransferId): boolean {
  return db.get("SELECT 1 FROM source_file WHERE transfer = ?", transfer) !== undefined;
}
