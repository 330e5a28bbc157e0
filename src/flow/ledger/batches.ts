import type { WallMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { RunId } from "./claims.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom } from "./rows.ts";
import { digestFrom } from "./segments.ts";

export type BatchId = number;
/** Wall time in microseconds, in which no two batches begin alike. */
export type WallUs = number;

/** Linux's errno for what happened on the far side, and for what took too long. */
export const batchStatus = { done: 0, failed: 121, late: 62 } as const;

export type BatchMember = { transfer: TransferId; digest: Digest | null };
export type Step = "pre" | "transfer" | "post";
const STEP_COLUMNS = {
  pre: "pre_at = ?, pre_took = ?",
  transfer: "transfer_at = ?, transfer_took = ?",
  post: "post_at = ?, post_took = ?",
};

/** Batches that begin now, in one directory at the far end: that of `stage`; null: a new one, which has the number of the first. */
export function openBatches(
  db: Database,
  { flow, run, at, stage }: { flow: FlowId; run: RunId; at: WallMs; stage: BatchId | null },
  groups: Array<{ members: BatchMember[]; bytes: number }>,
): BatchId[] {
  return db.transaction(() => {
    const last = db.get<{ at: number | null }>("SELECT max(pre_at) AS at FROM batch")?.at ?? 0;
    const begin = Math.max(last + 1, Math.round(at * 1000));
    const journaled = db.get("SELECT 1 FROM flow WHERE id = ? AND journaled = 1", flow) !== undefined;
    let first = stage;
    return groups.map(({ members, bytes }, index) => {
      const id = db.insert(
        "INSERT INTO batch (flow, run, stage, pre_at, bytes) VALUES (?, ?, ?, ?, ?)",
        flow,
        run,
        stage ?? 0,
        begin + index,
        bytes,
      );
      first ??= id;
      db.run("UPDATE batch SET stage = ? WHERE id = ?", first, id);
      for (const { transfer, digest } of members)
        db.run(
          "INSERT INTO batch_member (batch, transfer, algorithm, digest) VALUES (?, ?, ?, ?)",
          id,
          transfer,
          digest?.algorithm ?? null,
          digest === null ? null : Buffer.from(digest.hex, "hex"),
        );
      if (journaled) db.run("INSERT INTO journal_owed (flow, batch, at) VALUES (?, ?, ?)", flow, id, begin + index);
      return id;
    });
  });
}

/** How long a step took, of all that it was for. The first step's beginning is the batch's own, and stays. */
export function recordStep(db: Database, ids: BatchId[], step: Step, { atMs, tookMs }: { atMs: WallMs; tookMs: number }): void {
  const took = Math.round(tookMs * 1000);
  db.transaction(() => {
    for (const id of ids) {
      if (step === "pre") db.run("UPDATE batch SET pre_took = ? WHERE id = ?", took, id);
      else db.run(`UPDATE batch SET ${STEP_COLUMNS[step]} WHERE id = ?`, Math.round(atMs * 1000), took, id);
    }
  });
}

export function closeBatch(db: Database, id: BatchId, end: { status: number; message: string | null }, at: WallMs): void {
  db.run(
    "UPDATE batch SET ended_at = ?, status = ?, message = ? WHERE id = ? AND ended_at IS NULL",
    Math.round(at * 1000),
    end.status,
    end.message,
    id,
  );
}

/** What came to another end than the rest of its batch: a batch of its own from now on, with the same times but for the microsecond in which it began. */
export function splitBatch(db: Database, id: BatchId, transfers: TransferId[], bytes: number): BatchId {
  return db.transaction(() => {
    const apart = db.insert(
      `INSERT INTO batch (flow, run, stage, pre_at, pre_took, transfer_at, transfer_took, post_at, post_took, bytes, litter)
         SELECT flow, run, stage, (SELECT min(b.pre_at) + 1 FROM batch b WHERE b.pre_at >= batch.pre_at AND NOT EXISTS (SELECT 1 FROM batch n WHERE n.pre_at = b.pre_at + 1)),
           pre_took, transfer_at, transfer_took, post_at, post_took, ?, litter FROM batch WHERE id = ?`,
      bytes,
      id,
    );
    db.run("UPDATE batch SET bytes = bytes - ? WHERE id = ?", bytes, id);
    for (const transfer of transfers) db.run("UPDATE batch_member SET batch = ? WHERE batch = ? AND transfer = ?", apart, id, transfer);
    db.run("INSERT INTO journal_owed (flow, batch, at) SELECT flow, ?, at FROM journal_owed WHERE batch = ?", apart, id);
    return apart;
  });
}

/** What former runs of the daemon left open, of any flow. */
export function closeInterrupted(db: Database, run: RunId, at: WallMs): void {
  db.run(
    "UPDATE batch SET ended_at = ?, status = ?, message = 'hotdir ended while it was under way' WHERE ended_at IS NULL AND run <> ?",
    Math.round(at * 1000),
    batchStatus.failed,
    run,
  );
}

/** A directory of ours at the far end that no batch uses any more. */
export type LeftStage = { flow: FlowId; stage: BatchId; paths: Array<{ transfer: TransferId; path: RelPath }> };

export function leftStages(db: Database, flow: FlowId, limit: number): LeftStage[] {
  const stages = db.all<{ stage: number }>(
    "SELECT DISTINCT stage FROM batch b WHERE flow = ? AND litter = 1 AND NOT EXISTS (SELECT 1 FROM batch o INDEXED BY batch_open WHERE o.flow = b.flow AND o.ended_at IS NULL AND o.stage = b.stage) ORDER BY id LIMIT ?",
    flow,
    limit,
  );
  return stages.map(({ stage }) => ({
    flow,
    stage,
    paths: db
      .all<Row & { id: number; path: Uint8Array }>(
        "SELECT DISTINCT t.id AS id, t.path AS path FROM batch b JOIN batch_member m ON m.batch = b.id JOIN transfer t ON t.id = m.transfer WHERE b.flow = ? AND b.litter = 1 AND b.stage = ?",
        flow,
        stage,
      )
      .map((row) => ({ transfer: row.id, path: pathFrom(row.path) })),
  }));
}

export function stageRemoved(db: Database, flow: FlowId, stage: BatchId): void {
  db.run("UPDATE batch SET litter = 0 WHERE flow = ? AND litter = 1 AND stage = ?", flow, stage);
}

/** What this flow put, or may have put, under a path: more than this of it nobody has to know. */
const KNOWN_MAX = 10;

/** Digests of everything that this flow ever had under the path, the newest first: proved, or under way when a kill came. */
export function knownDigests(db: Database, flow: FlowId, path: RelPath, algorithm: DigestAlgorithm): string[] {
  const rows = db.all<Row & { digest: Uint8Array }>(
    `SELECT digest, max(id) AS id FROM (
       SELECT id, digest FROM transfer WHERE flow = ?1 AND path = ?2 AND state = 'delivered' AND algorithm = ?3
       UNION ALL SELECT t.id, m.digest FROM transfer t JOIN batch_member m ON m.transfer = t.id WHERE t.flow = ?1 AND t.path = ?2 AND m.algorithm = ?3)
     WHERE digest IS NOT NULL GROUP BY digest ORDER BY id DESC LIMIT ?4`,
    flow,
    pathCell(path),
    algorithm,
    KNOWN_MAX,
  );
  return rows.map(({ digest }) => Buffer.from(digest).toString("hex"));
}

/** Sizes of everything that this flow ever sent to the path, where no digest tells more. */
export function knownSizes(db: Database, flow: FlowId, path: RelPath): number[] {
  return db
    .all<{ size: number }>(
      "SELECT DISTINCT size FROM transfer WHERE flow = ? AND path = ? AND size IS NOT NULL AND (state = 'delivered' OR attempt > 1 OR ended_at IS NOT NULL) LIMIT ?",
      flow,
      pathCell(path),
      KNOWN_MAX,
    )
    .map(({ size }) => size);
}

/** Whether this flow ever made a symlink under the path. */
export function madeLink(db: Database, flow: FlowId, path: RelPath): boolean {
  return (
    db.get("SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND kind = 'link' AND state = 'delivered' LIMIT 1", flow, pathCell(path)) !==
    undefined
  );
}

/** Whether this flow ever put anything under the path. */
export function everPut(db: Database, flow: FlowId, path: RelPath): boolean {
  return (
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND (state = 'delivered' OR attempt > 1) AND kind IN ('put', 'link', 'rename') LIMIT 1",
      flow,
      pathCell(path),
    ) !== undefined
  );
}

export type BatchStory = {
  id: BatchId;
  preAtUs: WallUs;
  preTookUs: number | null;
  transferAtUs: WallUs | null;
  transferTookUs: number | null;
  postAtUs: WallUs | null;
  postTookUs: number | null;
  bytes: number;
  files: number;
  status: number | null;
  message: string | null;
};

const STORY = `SELECT b.id, pre_at, pre_took, transfer_at, transfer_took, post_at, post_took, bytes, status, message,
  (SELECT count(*) FROM batch_member c WHERE c.batch = b.id) AS files FROM batch b`;
type StoryRow = Row & {
  id: number;
  pre_at: number;
  pre_took: number | null;
  transfer_at: number | null;
  transfer_took: number | null;
  post_at: number | null;
  post_took: number | null;
  bytes: number;
  files: number;
  status: number | null;
  message: string | null;
};

/** The batches that a transfer was in, the oldest first. */
export function batchesOf(db: Database, transfer: TransferId, limit: number): BatchStory[] {
  const rows = db.all<StoryRow>(
    `${STORY} JOIN batch_member m ON m.batch = b.id WHERE m.transfer = ? ORDER BY b.id DESC LIMIT ?`,
    transfer,
    limit,
  );
  return rows.reverse().map(storyFrom);
}

export function batch(db: Database, id: BatchId): BatchStory {
  return storyFrom(db.get<StoryRow>(`${STORY} WHERE b.id = ?`, id)!);
}

function storyFrom(row: StoryRow): BatchStory {
  return {
    id: row.id,
    preAtUs: row.pre_at,
    preTookUs: row.pre_took,
    transferAtUs: row.transfer_at,
    transferTookUs: row.transfer_took,
    postAtUs: row.post_at,
    postTookUs: row.post_took,
    bytes: row.bytes,
    files: row.files,
    status: row.status,
    message: row.message,
  };
}

/** A file as a batch had it. */
export type FiledMember = { path: RelPath; digest: Digest | null; sizeBytes: number; mtimeNs: bigint };
type MemberRow = Row & { path: Uint8Array; size: number; mtime: string; algorithm: string | null; digest: Uint8Array | null };
const MEMBER = "t.path AS path, t.size AS size, CAST(t.mtime_ns AS TEXT) AS mtime";

export function membersOf(db: Database, id: BatchId): FiledMember[] {
  return db
    .all<MemberRow>(
      `SELECT ${MEMBER}, m.algorithm, m.digest FROM batch_member m JOIN transfer t ON t.id = m.transfer WHERE m.batch = ? ORDER BY t.id`,
      id,
    )
    .map(memberFrom);
}

/** A delivered file, with the digest of its receipt. */
export function deliveredMember(db: Database, transfer: TransferId): FiledMember | null {
  const row = db.get<MemberRow>(`SELECT ${MEMBER}, t.algorithm, t.digest FROM transfer t WHERE t.id = ?`, transfer);
  return row === undefined ? null : memberFrom(row);
}

function memberFrom(row: MemberRow): FiledMember {
  return { path: pathFrom(row.path), digest: digestFrom(row.algorithm, row.digest), sizeBytes: row.size, mtimeNs: BigInt(row.mtime) };
}
