import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { ancestorsOf, type RelPath } from "../../kernel/path.ts";
import { type Change, type ClaimedTransfer, isStructural, type MessageOrigin, type TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { anyNamedFile, namedFile } from "./named-files.ts";
import { HAS_NEWER, REPLACED } from "./replaced.ts";
import { CHANGE_COLUMNS, type ChangeRow, changeFrom, pathCell, prefixRange } from "./rows.ts";

export type RunId = number;

type QueuedRow = ChangeRow & { id: number; attempt: number; failures: number; adopt: number; seen_at: number; partial: number | null };

const DUE = `SELECT id, attempt, failures, adopt, seen_at, partial, ${CHANGE_COLUMNS} FROM transfer WHERE flow = ? AND state = 'queued' AND bulk = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?`;

/** How long a transfer that must wait for an earlier one stays out of the way of those behind it. */
const BLOCKED_DEFER_MS = 100;

/** `inode`: as the version tells it; null: the change has none. */
export type OriginOf = (transfer: TransferId, inode: string | null) => MessageOrigin | null;

export type ClaimRequest = {
  flow: FlowId;
  run: RunId;
  bulk: boolean;
  limit: number;
  now: SteadyMs;
  busy: (key: string) => boolean;
  /** Where the bytes are of what came by a message; without it, nothing of the flow comes by messages. */
  originOf?: OriginOf | null;
  /** Is told how many had to wait for something earlier; and for how long these stay out of the way of those behind them. */
  deferred?: (count: number) => void;
  deferMs?: number;
};

/**
 * Takes up to `limit` transfers that are due, oldest first, and makes them `sending`. Of one path,
 * only the earliest open transfer is ever taken, and a rename or removal is taken only when nothing
 * earlier is open at, above or below its paths (P7). `busy` tells the keys (`keysOf`) that this
 * process is working on: an older version of the same path may still be under way.
 */
export function claim(db: Database, request: ClaimRequest): ClaimedTransfer[] {
  const { flow, run, now, limit } = request;
  const due = db.all<QueuedRow>(DUE, flow, request.bulk ? 1 : 0, Math.round(now), limit);
  if (due.length === 0) return [];
  const ordered = structuralIsOpen(db, flow);
  const named = anyNamedFile(db, flow);
  return db.transaction(() => {
    const claimed: ClaimedTransfer[] = [];
    const taken = new Set<string>();
    let deferred = 0;
    for (const row of due) {
      const change = changeFrom(row);
      const busy = keysOf(change).some((key) => taken.has(key) || request.busy(key));
      if (busy || (ordered && waitsForEarlier(db, flow, row.id, change))) {
        deferred++;
        const dueAt = now + (busy ? BLOCKED_DEFER_MS : (request.deferMs ?? BLOCKED_DEFER_MS));
        db.run("UPDATE transfer SET due_at = ? WHERE id = ? AND state = 'queued'", Math.round(dueAt), row.id);
        continue;
      }
      db.run(
        "UPDATE transfer SET state = 'sending', due_at = NULL, run = ?, attempt = attempt + 1, litter = 1 WHERE id = ? AND state = 'queued'",
        run,
        row.id,
      );
      for (const key of keysOf(change)) taken.add(key);
      claimed.push({
        id: row.id,
        change,
        fence: { run, attempt: row.attempt + 1 },
        failures: row.failures,
        adopt: row.adopt === 1,
        bulk: request.bulk,
        seenAtMs: row.seen_at,
        partial: row.partial,
        origin: request.originOf?.(row.id, row.inode) ?? null,
        file: named ? namedFile(db, row.id) : null,
      });
    }
    request.deferred?.(deferred);
    return claimed;
  });
}

/** A rename or removal has ended: what may have waited for it is due again. */
export function releaseDeferred(db: Database, flow: FlowId, now: SteadyMs, withinMs: number): void {
  for (const bulk of [0, 1]) {
    db.run(
      "UPDATE transfer SET due_at = ?1 WHERE flow = ?2 AND state = 'queued' AND bulk = ?3 AND due_at > ?1 AND due_at <= ?4 AND failures = 0",
      Math.round(now),
      flow,
      bulk,
      Math.round(now + withinMs),
    );
  }
}

const STRUCTURAL_DUE =
  "UPDATE transfer SET due_at = ?1 WHERE flow = ?2 AND (kind = 'rename' OR kind = 'delete' OR kind = 'rmdir') AND ended_at IS NULL AND state = 'queued' AND due_at > ?1 AND failures = 0";

/** What has ended at these paths may be all that a rename or removal there, or above, waited for: that is due again. */
export function releaseStructural(db: Database, flow: FlowId, now: SteadyMs, paths: Iterable<RelPath>): void {
  if (!structuralIsOpen(db, flow)) return;
  const at = new Set([...paths].flatMap((path) => [path, ...ancestorsOf(path)]));
  db.transaction(() => {
    for (const path of at) {
      db.run(`${STRUCTURAL_DUE} AND path = ?3`, Math.round(now), flow, pathCell(path));
      db.run(`${STRUCTURAL_DUE} AND from_path = ?3`, Math.round(now), flow, pathCell(path));
    }
  });
}

/**
 * What no two transfers under way may share: their paths, and the inode of a file with several names,
 * so that the second name finds the first one delivered and becomes a hard link to it.
 */
export function keysOf(change: Change): string[] {
  const paths: string[] = pathsOf(change);
  return change.kind === "put" && change.links > 1 ? [...paths, `\0${change.version.inode}`] : paths;
}

export function pathsOf(change: Change): RelPath[] {
  return change.kind === "rename" ? [change.path, change.from] : [change.path];
}

/** By its own index, which is nearly always empty: any other way reads the whole queue. */
function structuralIsOpen(db: Database, flow: FlowId): boolean {
  return (
    db.get(
      "SELECT 1 FROM transfer INDEXED BY transfer_structural WHERE flow = ? AND (kind = 'rename' OR kind = 'delete' OR kind = 'rmdir') AND ended_at IS NULL LIMIT 1",
      flow,
    ) !== undefined
  );
}

function waitsForEarlier(db: Database, flow: FlowId, id: number, change: Change): boolean {
  const structural = isStructural(change);
  // A removal does not wait for that of a directory above it, which succeeds only once it is empty.
  const above =
    change.kind === "delete" || change.kind === "rmdir" ? "kind = 'rename'" : "(kind = 'rename' OR kind = 'delete' OR kind = 'rmdir')";
  return pathsOf(change).some(
    (path) =>
      earlierAt(db, flow, id, path) ||
      ancestorsOf(path).some((directory) => earlierStructuralAt(db, flow, id, directory, above)) ||
      (structural && earlierBelow(db, flow, id, path)),
  );
}

function earlierAt(db: Database, flow: FlowId, id: number, path: RelPath): boolean {
  const cell = pathCell(path);
  return (
    db.get("SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND id < ? AND state IN ('queued', 'sending') LIMIT 1", flow, cell, id) !==
      undefined ||
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND from_path = ? AND id < ? AND state IN ('queued', 'sending') LIMIT 1",
      flow,
      cell,
      id,
    ) !== undefined
  );
}

function earlierStructuralAt(db: Database, flow: FlowId, id: number, path: RelPath, kinds: string): boolean {
  const cell = pathCell(path);
  return (
    db.get(
      // The index holds all three kinds, and is told so.
      `SELECT 1 FROM transfer INDEXED BY transfer_structural WHERE flow = ? AND path = ? AND id < ? AND (kind = 'rename' OR kind = 'delete' OR kind = 'rmdir') AND ${kinds} AND ended_at IS NULL LIMIT 1`,
      flow,
      cell,
      id,
    ) !== undefined ||
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND from_path = ? AND id < ? AND state IN ('queued', 'sending') LIMIT 1",
      flow,
      cell,
      id,
    ) !== undefined
  );
}

function earlierBelow(db: Database, flow: FlowId, id: number, path: RelPath): boolean {
  const [from, to] = prefixRange(path);
  return (
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND path > ? AND path < ? AND id < ? AND state IN ('queued', 'sending') LIMIT 1",
      flow,
      from,
      to,
      id,
    ) !== undefined ||
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND from_path > ? AND from_path < ? AND id < ? AND state IN ('queued', 'sending') LIMIT 1",
      flow,
      from,
      to,
      id,
    ) !== undefined
  );
}

/** When the next queued transfer falls due; null: none is queued. */
export function nextDueAt(db: Database, flow: FlowId): SteadyMs | null {
  // By class, so that each is one step in the index however long the queue is.
  const first =
    "SELECT due_at AS at FROM transfer WHERE flow = ? AND state = 'queued' AND bulk = ? AND due_at IS NOT NULL ORDER BY due_at LIMIT 1";
  const dues = [0, 1].flatMap((bulk) => db.get<{ at: number }>(first, flow, bulk)?.at ?? []);
  return dues.length === 0 ? null : Math.min(...dues);
}

/**
 * A new run of the daemon begins: what the last one was sending is handed back, uncounted, and will
 * look at the destination first, since it may have been published just before the end. What has a
 * newer version waiting is not sent again.
 */
export function beginRun(db: Database, pid: number, at: { wall: WallMs; steady: SteadyMs }): RunId {
  return db.transaction(() => {
    const run = db.insert("INSERT INTO run (pid, started_at) VALUES (?, ?)", pid, at.wall);
    db.run(
      "INSERT INTO attempt (transfer, attempt, started_at, ended_at, bytes, outcome, detail) SELECT id, attempt, ?1, ?1, 0, 'interrupted', ?2 FROM transfer WHERE ended_at IS NULL AND state = 'sending'",
      at.wall,
      "hotdir ended while it was being sent",
    );
    db.run(
      `UPDATE transfer AS t SET state = 'superseded', run = NULL, ended_at = ?, reason = ? WHERE ended_at IS NULL AND state = 'sending' AND kind IN ('put', 'link', 'mkdir') AND ${HAS_NEWER}`,
      at.wall,
      REPLACED,
    );
    db.run(
      "UPDATE transfer SET state = 'queued', run = NULL, due_at = ?, adopt = 1 WHERE ended_at IS NULL AND state = 'sending'",
      Math.round(at.steady),
    );
    return run;
  });
}

/** The age of the oldest change that is not yet true at the destination (design: *freshness*). */
export function oldestOpenSeenAt(db: Database, flow: FlowId): WallMs | null {
  return (
    db.get<Row & { seen_at: number }>("SELECT seen_at FROM transfer WHERE flow = ? AND ended_at IS NULL ORDER BY id LIMIT 1", flow)
      ?.seen_at ?? null
  );
}

/** The same, of what is not delivered and not given up by a person: dead letters count. */
export function oldestUndelivered(db: Database, flow: FlowId): WallMs | null {
  const dead = db.get<Row & { seen_at: number }>(OLDEST_DEAD, flow)?.seen_at ?? Infinity;
  const oldest = Math.min(oldestOpenSeenAt(db, flow) ?? Infinity, dead);
  return oldest === Infinity ? null : oldest;
}
const OLDEST_DEAD = "SELECT seen_at FROM transfer INDEXED BY transfer_dead WHERE flow = ? AND state = 'dead' ORDER BY id LIMIT 1";
