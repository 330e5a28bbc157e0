import type { WallMs } from "../../kernel/clock.ts";
import { type AbsPath, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { SetId } from "./file-sets.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom, prefixRange } from "./rows.ts";
import { digestFrom } from "./segments.ts";

/** Decided: its bytes are in the ledger. Entered: its file is written, and on its way as any other. */
export type ManifestStage = "decided" | "entered" | "delivered";

export type Manifest = {
  set: SetId;
  /** At the destination. */
  path: RelPath;
  /** On this machine. */
  file: AbsPath;
  madeAtMs: WallMs;
  /** The last transfer of the ledger by then: what came after is not in it. */
  afterTransfer: TransferId;
  members: number;
  sizeBytes: number;
  digest: Digest;
  stage: ManifestStage;
};

const COLUMNS = "file_set, path, file, made_at, after_transfer, members, size, algorithm, digest, stage";
type ManifestRow = Row & {
  file_set: number;
  path: Uint8Array;
  file: Uint8Array;
  made_at: number;
  after_transfer: number;
  members: number;
  size: number;
  algorithm: string;
  digest: Uint8Array;
  stage: ManifestStage;
};

/** In the transaction that decides its set; its parts were recorded before. */
export function recordManifest(db: Database, flow: FlowId, manifest: Omit<Manifest, "stage">): void {
  db.run("UPDATE file_set SET decided_at = ? WHERE id = ?", manifest.madeAtMs, manifest.set);
  db.run(
    "INSERT INTO manifest (file_set, flow, path, file, made_at, after_transfer, members, size, algorithm, digest, stage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'decided')",
    manifest.set,
    flow,
    pathCell(manifest.path),
    pathCell(manifest.file),
    manifest.madeAtMs,
    manifest.afterTransfer,
    manifest.members,
    manifest.sizeBytes,
    manifest.digest.algorithm,
    Buffer.from(manifest.digest.hex, "hex"),
  );
}

export function recordPart(db: Database, set: SetId, part: number, bytes: Buffer): void {
  db.run("INSERT INTO manifest_part (file_set, part, bytes) VALUES (?, ?, ?)", set, part, bytes);
}

/** Its bytes, one part in memory at a time. */
export function* partsOf(db: Database, set: SetId): Generator<Uint8Array> {
  for (let part = 0; ; part++) {
    const row = db.get<Row & { bytes: Uint8Array }>("SELECT bytes FROM manifest_part WHERE file_set = ? AND part = ?", set, part);
    if (row === undefined) return;
    yield row.bytes;
  }
}

/** The oldest first. */
export function manifestsAt(db: Database, flow: FlowId, stage: "decided" | "entered", limit: number): Manifest[] {
  const sql = `SELECT ${COLUMNS} FROM manifest INDEXED BY manifest_under_way WHERE flow = ? AND stage = ? AND stage <> 'delivered' ORDER BY file_set LIMIT ?`;
  return db.all<ManifestRow>(sql, flow, stage, limit).map(manifestFrom);
}

export function manifestOf(db: Database, set: SetId): Manifest | null {
  const row = db.get<ManifestRow>(`SELECT ${COLUMNS} FROM manifest WHERE file_set = ?`, set);
  return row === undefined ? null : manifestFrom(row);
}

/** The set whose manifest has this path at the destination; null: it is none's. */
export function setOfManifest(db: Database, flow: FlowId, path: RelPath): SetId | null {
  return db.get<{ file_set: number }>("SELECT file_set FROM manifest WHERE flow = ? AND path = ?", flow, pathCell(path))?.file_set ?? null;
}

/** Whether a manifest is to come below a directory, and is in no queue yet. */
export function isDecidedBelow(db: Database, flow: FlowId, directory: RelPath): boolean {
  return db.get(DECIDED_BELOW, flow, ...prefixRange(directory)) !== undefined;
}
export const DECIDED_BELOW = "SELECT 1 FROM manifest WHERE flow = ? AND path > ? AND path < ? AND stage = 'decided' LIMIT 1";

export function setStage(db: Database, set: SetId, stage: ManifestStage): void {
  db.run("UPDATE manifest SET stage = ? WHERE file_set = ?", stage, set);
}

/** It is delivered: its bytes are at the destination, with a receipt, and need not be kept here as well. */
export function endManifest(db: Database, set: SetId): void {
  db.transaction(() => {
    setStage(db, set, "delivered");
    db.run("DELETE FROM manifest_part WHERE file_set = ?", set);
  });
}

function manifestFrom(row: ManifestRow): Manifest {
  return {
    set: row.file_set,
    path: pathFrom(row.path),
    file: bytesOf(row.file) as AbsPath,
    madeAtMs: row.made_at,
    afterTransfer: row.after_transfer,
    members: row.members,
    sizeBytes: row.size,
    digest: digestFrom(row.algorithm, row.digest)!,
    stage: row.stage,
  };
}
