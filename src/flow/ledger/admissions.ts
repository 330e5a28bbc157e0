import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import type { ErrorCode } from "../../kernel/error-codes.ts";
import { type Bytes, bytesOf, type RelPath } from "../../kernel/path.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import {
  CHANGE_COLUMNS,
  type ChangeRow,
  cellsOf,
  INSERT_COLUMNS,
  INSERT_MARKS,
  pathCell,
  pathFrom,
  prefixRange,
  versionFrom,
} from "./rows.ts";
import type { StateName } from "./states.ts";
import { presentName } from "./whereabouts.ts";

/** What the ledger knows of a path: its newest transfer. */
export type Known = {
  id: TransferId;
  kind: Change["kind"];
  state: StateName;
  version: Version | null;
  target: Bytes | null;
  mode: number | null;
  /** How many names the file has; null where the kind has none. */
  links: number | null;
  /** The old name, of a rename. */
  from: RelPath | null;
  /** A rename of a directory, or a directory. */
  directory: boolean;
  seenAtMs: WallMs;
  dueAt: SteadyMs | null;
  /** The source file was removed or held by our own retention. */
  removedByUs: boolean;
};

type KnownRow = ChangeRow & {
  id: number;
  state: StateName;
  seen_at: number;
  due_at: number | null;
  retain: string | null;
  basis: string | null;
};

// Statements of every file stand ready as constants: text that is put together anew is hashed anew at each use.
const NEWEST = `SELECT id, state, seen_at, due_at, retain, basis, ${CHANGE_COLUMNS} FROM transfer WHERE flow = ? AND path = ? ORDER BY id DESC LIMIT 1`;
const RECORD_QUEUED = `INSERT INTO transfer (flow, state, seen_at, due_at, adopt, ${INSERT_COLUMNS}) VALUES (?, 'queued', ?, ?, ?, ${INSERT_MARKS})`;

export function newest(db: Database, flow: FlowId, path: RelPath): Known | null {
  const row = db.get<KnownRow>(NEWEST, flow, pathCell(path));
  return row === undefined ? null : knownFrom(row);
}

function knownFrom(row: KnownRow): Known {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    // A rename whose new name has other content by now proves nothing about that.
    version: row.kind === "rename" && row.basis === "structure" ? null : versionFrom(row),
    target: row.target === null ? null : bytesOf(row.target),
    mode: row.mode,
    links: row.links,
    from: row.from_path === null ? null : pathFrom(row.from_path),
    directory: row.directory === 1 || row.kind === "mkdir" || row.kind === "rmdir",
    seenAtMs: row.seen_at,
    dueAt: row.due_at,
    removedByUs: row.retain !== null && row.retain !== "due",
  };
}

/** Whether any directory of the flow was ever renamed. */
export function anyDirectoryMoved(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM transfer INDEXED BY transfer_moves WHERE flow = ? AND directory = 1 LIMIT 1", flow) !== undefined;
}

/** Whether a directory was, or is to be, renamed to this name at the destination. */
export function isDirectoryMoveTarget(db: Database, flow: FlowId, directory: RelPath): boolean {
  const newestId = db.get<{ id: number }>(
    "SELECT id FROM transfer INDEXED BY transfer_moves WHERE flow = ? AND path = ? AND directory = 1 LIMIT 1",
    flow,
    pathCell(directory),
  );
  return newestId !== undefined;
}

/** Records a complete change: it is to be sent. */
export function recordQueued(
  db: Database,
  flow: FlowId,
  change: Change,
  at: { wall: WallMs; steady: SteadyMs },
  adopt = false,
): TransferId {
  return db.insert(RECORD_QUEUED, flow, at.wall, Math.round(at.steady), adopt ? 1 : 0, ...cellsOf(change));
}

/** When a settling file is looked at again, and what it waits for (`admit/settle.ts`). */
export type SettlingWait = { dueAt: SteadyMs; waitsFor: "writer" | "quiet" | "marker" };

/** It was tried so often before, elsewhere or under another id. */
export function recordFailures(db: Database, id: TransferId, failures: number): void {
  db.run("UPDATE transfer SET failures = ? WHERE id = ?", failures, id);
}

/** Records a file that is not known to be complete. */
export function recordSettling(db: Database, flow: FlowId, change: Change, at: WallMs, wait: SettlingWait): TransferId {
  return db.insert(
    `INSERT INTO transfer (flow, state, seen_at, due_at, reason, ${INSERT_COLUMNS}) VALUES (?, 'settling', ?, ?, ?, ${INSERT_MARKS})`,
    flow,
    at,
    Math.round(wait.dueAt),
    wait.waitsFor,
    ...cellsOf(change),
  );
}

export function recordIgnored(db: Database, flow: FlowId, change: Change, at: WallMs, reason: string): TransferId {
  return db.insert(
    `INSERT INTO transfer (flow, state, seen_at, ended_at, reason, ${INSERT_COLUMNS}) VALUES (?, 'ignored', ?, ?, ?, ${INSERT_MARKS})`,
    flow,
    at,
    at,
    reason,
    ...cellsOf(change),
  );
}

/** Records what cannot be delivered from the start: it is listed, with its reason, until a person acts. */
export function recordDead(db: Database, flow: FlowId, change: Change, at: WallMs, code: ErrorCode, reason: string): TransferId {
  return db.insert(
    `INSERT INTO transfer (flow, state, seen_at, ended_at, code, reason, ${INSERT_COLUMNS}) VALUES (?, 'dead', ?, ?, ?, ?, ${INSERT_MARKS})`,
    flow,
    at,
    at,
    code,
    reason,
    ...cellsOf(change),
  );
}

/** How many names a file has makes no other version. */
export function recordLinks(db: Database, id: TransferId, links: number): void {
  db.run("UPDATE transfer SET links = ? WHERE id = ? AND kind = 'put'", links, id);
}

/** `settling` → `queued`, with the version that is complete now. */
export function settle(db: Database, id: TransferId, change: Change, at: SteadyMs): boolean {
  return updateVersion(db, "queued", "state = 'settling'", id, change, at, null);
}

/** `settling` or `queued` → `settling`: the file changed, or somebody writes it again. */
export function unsettle(db: Database, id: TransferId, change: Change, wait: SettlingWait): boolean {
  return updateVersion(db, "settling", "state IN ('settling', 'queued')", id, change, wait.dueAt, wait.waitsFor);
}

/** Whether a transfer was ever claimed. */
export function wasTried(db: Database, id: TransferId): boolean {
  return db.get("SELECT 1 FROM transfer WHERE id = ? AND attempt > 0", id) !== undefined;
}

function updateVersion(
  db: Database,
  state: "queued" | "settling",
  when: string,
  id: TransferId,
  change: Change,
  dueAt: SteadyMs,
  reason: string | null,
): boolean {
  const [kind, , , , inode, size, mtimeNs, mode, links, target, bulk] = cellsOf(change);
  const sql = `UPDATE transfer SET state = '${state}', due_at = ?, kind = ?, inode = ?, size = ?, mtime_ns = ?, mode = ?, links = ?, target = ?, bulk = ?, reason = ? WHERE id = ? AND ${when}`;
  return db.run(sql, Math.round(dueAt), kind!, inode!, size!, mtimeNs!, mode!, links!, target!, bulk!, reason, id) === 1;
}

/** An open (not sending) or dead transfer whose change is no longer wanted. */
export function supersede(db: Database, id: TransferId, reason: string, at: WallMs): boolean {
  return (
    db.run(
      "UPDATE transfer SET state = 'superseded', due_at = NULL, code = NULL, reason = ?, ended_at = ? WHERE id = ? AND state IN ('settling', 'queued', 'dead')",
      reason,
      at,
      id,
    ) === 1
  );
}

export function isOpen(db: Database, id: TransferId): boolean {
  return db.get("SELECT 1 FROM transfer WHERE id = ? AND ended_at IS NULL", id) !== undefined;
}

/** The open transfers below a directory that is no longer under this name. Renames and removals stay: they are done before the directory moves. */
export function supersedeBelow(db: Database, flow: FlowId, directory: RelPath, reason: string, at: WallMs): number {
  return db.run(
    "UPDATE transfer SET state = 'superseded', due_at = NULL, reason = ?, ended_at = ? WHERE flow = ? AND path > ? AND path < ? AND state IN ('settling', 'queued') AND kind IN ('put', 'link', 'mkdir')",
    reason,
    at,
    flow,
    ...prefixRange(directory),
  );
}

/** Settling files whose time has come to be looked at again. */
export function dueSettling(db: Database, flow: FlowId, now: SteadyMs, limit: number): RelPath[] {
  return db
    .all<Row & { path: Uint8Array }>(
      "SELECT path FROM transfer WHERE flow = ? AND state = 'settling' AND bulk IN (0, 1) AND due_at <= ? ORDER BY due_at LIMIT ?",
      flow,
      Math.round(now),
      limit,
    )
    .map((row) => pathFrom(row.path));
}

/** Whether files wait for quiet time only: they will be complete by themselves. */
export function anySettlesByItself(db: Database, flow: FlowId): boolean {
  return (
    db.get("SELECT 1 FROM transfer WHERE flow = ? AND state = 'settling' AND due_at IS NOT NULL AND reason = 'quiet' LIMIT 1", flow) !==
    undefined
  );
}

/** What waits for its writer or its marker is asked for again at `dueAt`; quiet time is compared with the time that stands, so that stays. */
export function deferSettling(db: Database, flow: FlowId, paths: RelPath[], dueAt: SteadyMs): void {
  for (const path of paths)
    db.run(
      "UPDATE transfer SET due_at = ? WHERE flow = ? AND path = ? AND state = 'settling' AND reason <> 'quiet'",
      Math.round(dueAt),
      flow,
      pathCell(path),
    );
}

/** A path that should be in the source. `name`: what it is called now, where it was renamed since. */
export type Believed = { path: RelPath; name: RelPath };

/**
 * Paths that should be in the source, in descending byte order from `before` (null: from the last one), so that what is in a
 * directory comes before it: for finding what went away unseen. An attempt that was given up may have left something, too.
 */
export function pathsBelieved(db: Database, flow: FlowId, before: RelPath | null, limit: number): Believed[] {
  return db
    .all<Row & { id: number; path: Uint8Array }>(
      `SELECT id, path FROM (SELECT path, kind, retain, max(id) AS id FROM transfer WHERE flow = ? ${before === null ? "" : "AND path < ?"} AND state <> 'ignored' AND (state <> 'superseded' OR attempt > 0) GROUP BY path ORDER BY path DESC)
       WHERE kind NOT IN ('delete', 'rmdir') AND (retain IS NULL OR retain = 'due') LIMIT ?`,
      flow,
      ...(before === null ? [] : [pathCell(before)]),
      limit,
    )
    .map((row) => ({ path: pathFrom(row.path), name: presentName(db, flow, pathFrom(row.path), row.id) }));
}
