import { type RelPath } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { Version } from "../version.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom, prefixRange } from "./rows.ts";
import { digestFrom } from "./segments.ts";

/** The digest of a version that was delivered under this path; null: it was not, or by another algorithm. */
export function newestDigest(db: Database, flow: FlowId, path: RelPath, version: Version, algorithm: DigestAlgorithm): Digest | null {
  const row = db.get<Row & { algorithm: string | null; digest: Uint8Array | null }>(
    "SELECT algorithm, digest FROM transfer WHERE flow = ? AND path = ? AND state = 'delivered' AND inode = ? AND size = ? AND mtime_ns = ? AND algorithm = ? ORDER BY id DESC LIMIT 1",
    flow,
    pathCell(path),
    version.inode,
    version.sizeBytes,
    version.mtimeNs,
    algorithm,
  );
  return row === undefined ? null : digestFrom(row.algorithm, row.digest);
}

/** Whether this very version was delivered under this path: by whatever proof of its content, by its digest, or as told to a broker. */
export function wasDelivered(
  db: Database,
  flow: FlowId,
  path: RelPath,
  version: Version,
  by: keyof typeof DELIVERED_BY = "content",
): boolean {
  return db.get(DELIVERED_BY[by], flow, pathCell(path), version.inode, version.sizeBytes, version.mtimeNs) !== undefined;
}

const deliveredVersion = (condition: string): string =>
  `SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND state = 'delivered' AND ${condition} AND inode = ? AND size = ? AND mtime_ns = ? LIMIT 1`;
// Whole texts, once: a statement is found again by its text.
const DELIVERED_BY = {
  content: deliveredVersion("basis <> 'structure'"),
  digest: deliveredVersion("basis = 'digest'"),
  publishing: deliveredVersion("method = 'published'"),
};

/** A receipt as it is listed: one path, its newest delivered version. */
export type ReceiptRow = {
  flow: string;
  path: RelPath;
  kind: string;
  sizeBytes: number | null;
  mtimeNs: bigint | null;
  basis: string;
  digest: Digest | null;
  durable: boolean;
  method: string;
  deliveredAtMs: number;
  transfer: number;
};

/**
 * The newest receipt of each path that is at the destination: not of what was removed or renamed
 * away there since, nor where something else was found there (`overtaken.ts`), and not of messages, which prove no file to be anywhere. In the order of paths, row by row, for any number of them.
 */
export function* receipts(db: Database, flow: { id: FlowId; name: string }): Generator<ReceiptRow> {
  for (const row of db.each<Row>(standing(""), flow.id)) yield receiptFrom(row, flow.name);
}

/** The same of files and symlinks below one directory, by a range of the index. */
export function* receiptsBelow(db: Database, flow: { id: FlowId; name: string }, directory: RelPath): Generator<ReceiptRow> {
  const rows = db.each<Row>(FILES_BELOW, flow.id, ...prefixRange(directory));
  for (const row of rows) yield receiptFrom(row, flow.name);
}

/** How many those are, up to a limit. */
export function countReceiptsBelow(db: Database, flow: FlowId, directory: RelPath, limit: number): number {
  const sql = `SELECT count(*) AS n FROM (${FILES_BELOW} LIMIT ?4)`;
  return db.get<{ n: number }>(sql, flow, ...prefixRange(directory), limit)?.n ?? 0;
}

/** Whether a receipt says that a file or symlink is at the destination under this path. */
export function hasStandingReceipt(db: Database, flow: FlowId, path: RelPath): boolean {
  return db.get(FILE_AT, flow, pathCell(path)) !== undefined;
}

const standing = (among: string): string =>
  `SELECT id, path, kind, size, CAST(mtime_ns AS TEXT) AS mtime_ns, basis, algorithm, digest, durable, method, ended_at FROM (
     SELECT max(id) AS id, path, kind, directory, size, mtime_ns, state, basis, algorithm, digest, durable, method, ended_at FROM transfer WHERE flow = ?1 ${among} AND (state = 'delivered' OR overtook = 1) GROUP BY path ORDER BY path
   ) t WHERE state = 'delivered' AND kind NOT IN ('delete', 'rmdir') AND method <> 'published'
     AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.flow = ?1 AND r.from_path = t.path AND r.id > t.id AND r.state = 'delivered')
     AND NOT EXISTS (SELECT 1 FROM transfer r WHERE r.flow = ?1 AND r.directory = 1 AND r.state = 'delivered' AND r.id > t.id
                     AND t.path > CAST(r.from_path || '/' AS BLOB) AND t.path < CAST(r.from_path || '0' AS BLOB))`;
const FILE_AT = `${standing("AND path = ?2")} AND kind <> 'mkdir' AND directory = 0`;
/** For a test of its plan, too. */
export const FILES_BELOW: string = `${standing("AND path > ?2 AND path < ?3")} AND kind <> 'mkdir' AND directory = 0`;

function receiptFrom(row: Row, flow: string): ReceiptRow {
  return {
    flow,
    path: pathFrom(row["path"] as Uint8Array),
    kind: String(row["kind"]),
    sizeBytes: row["size"] as number | null,
    mtimeNs: row["mtime_ns"] === null ? null : BigInt(String(row["mtime_ns"])),
    basis: String(row["basis"]),
    digest: digestFrom(row["algorithm"] as string | null, row["digest"] as Uint8Array | null),
    durable: row["durable"] === 1,
    method: String(row["method"]),
    deliveredAtMs: Number(row["ended_at"]),
    transfer: Number(row["id"]),
  };
}
