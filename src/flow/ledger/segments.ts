import { bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom } from "./rows.ts";

/** A part of a file, in bytes. */
export type Segment = { start: number; lengthBytes: number };

/** The parts whose write was acknowledged. After a break they are hints: none is trusted before it was read back. */
export function writtenSegments(db: Database, transfer: TransferId): Segment[] {
  return db
    .all<{ start: number; length: number }>("SELECT start, length FROM segment WHERE transfer = ? ORDER BY start", transfer)
    .map((row) => ({ start: row.start, lengthBytes: row.length }));
}

export function recordSegment(db: Database, transfer: TransferId, segment: Segment): void {
  db.run(
    "INSERT INTO segment (transfer, start, length) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    transfer,
    segment.start,
    segment.lengthBytes,
  );
}

/** An inflight file was begun by this attempt; parts of it may be kept for a later one. */
export function beginPartial(db: Database, transfer: TransferId, attempt: number): void {
  db.transaction(() => {
    forgetSegments(db, transfer);
    db.run("UPDATE transfer SET partial = ? WHERE id = ?", attempt, transfer);
  });
}

export function forgetSegments(db: Database, transfer: TransferId): void {
  db.run("DELETE FROM segment WHERE transfer = ?", transfer);
}

/** Nothing of an earlier try is to be kept. */
export function forgetPartial(db: Database, transfer: TransferId): void {
  db.transaction(() => {
    forgetSegments(db, transfer);
    db.run("UPDATE transfer SET partial = NULL WHERE id = ?", transfer);
  });
}

/** Inflight files that may lie at the destination, of a transfer that has ended: one for each of its attempts, at most. */
export type Litter = { id: TransferId; path: RelPath; attempts: number };

/** In the order of their ids after `after`, so that any number is gone through a part at a time. */
export function litter(db: Database, flow: FlowId, after: TransferId, limit: number): Litter[] {
  return db
    .all<Row & { id: number; path: Uint8Array; attempt: number }>(
      "SELECT id, path, attempt FROM transfer WHERE flow = ? AND litter = 1 AND ended_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
      flow,
      after,
      limit,
    )
    .map((row) => ({ id: row.id, path: pathFrom(row.path), attempts: row.attempt }));
}

/** Whether anything of ours may lie about: one step in the index, for asking before each pack. */
export function anyLitter(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM transfer WHERE flow = ? AND litter = 1 AND ended_at IS NOT NULL LIMIT 1", flow) !== undefined;
}

/** What older transfers of one path may have left. */
export function litterAt(db: Database, flow: FlowId, path: RelPath, before: TransferId): Litter[] {
  return db
    .all<Row & { id: number; attempt: number }>(
      "SELECT id, attempt FROM transfer WHERE flow = ? AND path = ? AND id < ? AND litter = 1 AND ended_at IS NOT NULL",
      flow,
      pathCell(path),
      before,
    )
    .map((row) => ({ id: row.id, path, attempts: row.attempt }));
}

export function litterRemoved(db: Database, ids: TransferId[]): void {
  db.transaction(() => {
    for (const id of ids) {
      db.run("UPDATE transfer SET litter = 0 WHERE id = ?", id);
      forgetPartial(db, id);
    }
  });
}

/** Another name of the same file content, delivered and still current: what a hard link at the destination can point to. */
export function otherName(db: Database, flow: FlowId, path: RelPath, version: Version): { path: RelPath; digest: Digest | null } | null {
  const row = db.get<Row & { path: Uint8Array; algorithm: string | null; digest: Uint8Array | null }>(
    `SELECT t.path, t.algorithm, t.digest FROM transfer t WHERE t.flow = ? AND t.inode = ? AND t.links > 1 AND t.size = ? AND t.mtime_ns = ? AND t.path <> ? AND t.state = 'delivered'
     AND NOT EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.path = t.path AND n.id > t.id) ORDER BY t.id DESC LIMIT 1`,
    flow,
    version.inode,
    version.sizeBytes,
    version.mtimeNs,
    pathCell(path),
  );
  return row === undefined ? null : { path: pathFrom(row.path), digest: digestFrom(row.algorithm, row.digest) };
}

export function digestFrom(algorithm: string | null, digest: Uint8Array | null): Digest | null {
  return algorithm === null || digest === null
    ? null
    : { algorithm: algorithm as DigestAlgorithm, hex: Buffer.from(bytesOf(digest), "latin1").toString("hex") };
}
