import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { bytesOf, parentOf, type RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom, prefixRange } from "./rows.ts";
import { movedAway } from "./whereabouts.ts";

export type SetId = number;

/** A set of files: its directory at the destination, and how far it is. */
export type FileSet = {
  id: SetId;
  path: RelPath;
  /** Of its directory; "" for one right below the destination's. */
  parent: RelPath | "";
  /** What its name says, where it is a whole number. */
  timecode: number | null;
  seenAtMs: WallMs;
  /** When a file of it was seen last. */
  newsAt: SteadyMs;
  /** How often a file came to a path below it where none was: no more than that are members. */
  arrivals: number;
  /** From so many arrivals on its members are worth being counted. */
  recountAt: number;
  /** When the source was last found to hold nothing of it that is not recorded. */
  surveyedAt: SteadyMs | null;
  decidedAtMs: WallMs | null;
  /** How many files were seen after its manifest. */
  late: number;
};

const COLUMNS = "id, path, parent, timecode, seen_at, news_at, arrivals, recount_at, surveyed_at, decided_at, late";
type SetRow = Row & {
  id: number;
  path: Uint8Array;
  parent: Uint8Array;
  timecode: number | null;
  seen_at: number;
  news_at: number;
  arrivals: number;
  recount_at: number;
  surveyed_at: number | null;
  decided_at: number | null;
  late: number;
};

const AT = `SELECT ${COLUMNS} FROM file_set WHERE flow = ? AND path = ?`;
const OPEN = `SELECT ${COLUMNS} FROM file_set INDEXED BY file_set_open WHERE flow = ? AND decided_at IS NULL AND path > ? ORDER BY path LIMIT ?`;

export function setAt(db: Database, flow: FlowId, path: RelPath): FileSet | null {
  const row = db.get<SetRow>(AT, flow, pathCell(path));
  return row === undefined ? null : setFrom(row);
}

export function setById(db: Database, id: SetId): FileSet | null {
  const row = db.get<SetRow>(`SELECT ${COLUMNS} FROM file_set WHERE id = ?`, id);
  return row === undefined ? null : setFrom(row);
}

/** Those without a manifest, in the order of their paths, after one of them. */
export function openSets(db: Database, flow: FlowId, after: RelPath | "", limit: number): FileSet[] {
  return db.all<SetRow>(OPEN, flow, pathCell(after as RelPath), limit).map(setFrom);
}

/** Those that are known below a directory. */
export function setsBelow(db: Database, flow: FlowId, directory: RelPath): FileSet[] {
  return db
    .all<SetRow>(`SELECT ${COLUMNS} FROM file_set WHERE flow = ? AND path > ? AND path < ?`, flow, ...prefixRange(directory))
    .map(setFrom);
}

const COUNTED_MAX = 100_000;

/** How many wait, and how many have their manifest; more than `COUNTED_MAX` are not counted. */
export function countSets(db: Database, flow: FlowId): { open: number; complete: number } {
  const open = `SELECT count(*) AS n FROM (SELECT 1 FROM file_set INDEXED BY file_set_open WHERE flow = ? AND decided_at IS NULL LIMIT ${COUNTED_MAX})`;
  const all = `SELECT count(*) AS n FROM (SELECT 1 FROM manifest WHERE flow = ? LIMIT ${COUNTED_MAX})`;
  return { open: db.get<{ n: number }>(open, flow)?.n ?? 0, complete: db.get<{ n: number }>(all, flow)?.n ?? 0 };
}

export function addSet(
  db: Database,
  flow: FlowId,
  path: RelPath,
  at: { timecode: number | null; seenAtMs: WallMs; newsAt: SteadyMs },
): SetId {
  return db.insert(
    "INSERT INTO file_set (flow, path, parent, timecode, seen_at, news_at) VALUES (?, ?, ?, ?, ?, ?)",
    flow,
    pathCell(path),
    pathCell(parentOf(path) as RelPath),
    at.timecode,
    at.seenAtMs,
    Math.round(at.newsAt),
  );
}

/** Whether a set beside this one has a later timecode. One step in the index. */
export function hasNewerSet(db: Database, flow: FlowId, { parent, timecode }: Pick<FileSet, "parent" | "timecode">): boolean {
  return db.get(HAS_NEWER_SET, flow, pathCell(parent as RelPath), timecode) !== undefined;
}
export const HAS_NEWER_SET =
  "SELECT 1 FROM file_set INDEXED BY file_set_timecode WHERE flow = ? AND parent = ? AND timecode > ? AND timecode IS NOT NULL LIMIT 1";

export function recordNews(db: Database, id: SetId, at: SteadyMs): void {
  db.run("UPDATE file_set SET news_at = max(news_at, ?) WHERE id = ?", Math.round(at), id);
}

export function recordArrival(db: Database, id: SetId): void {
  db.run("UPDATE file_set SET arrivals = arrivals + 1 WHERE id = ?", id);
}

export function recordRecount(db: Database, id: SetId, atArrivals: number): void {
  db.run("UPDATE file_set SET recount_at = ? WHERE id = ?", atArrivals, id);
}

export function recordSurvey(db: Database, id: SetId, at: SteadyMs): void {
  db.run("UPDATE file_set SET surveyed_at = ? WHERE id = ?", Math.round(at), id);
}

/** Another program has told of it: it is complete, and gets no manifest of ours. */
export function recordFinalElsewhere(db: Database, id: SetId, at: WallMs): void {
  db.run("UPDATE file_set SET decided_at = ? WHERE id = ?", at, id);
}

export function recordLate(db: Database, id: SetId): void {
  db.run("UPDATE file_set SET late = late + 1 WHERE id = ?", id);
}

/** Whether something was delivered to a path before this transfer, and is not known to have gone from there since. */
export function arrivedBefore(db: Database, flow: FlowId, path: RelPath, transfer: TransferId): boolean {
  const last = db.get<{ id: number; kind: string }>(LAST_ARRIVAL, flow, pathCell(path), transfer);
  if (last === undefined || last.kind === "delete" || last.kind === "rmdir") return false;
  return !movedAway(db, flow, path, last.id, transfer);
}
const LAST_ARRIVAL =
  "SELECT id, kind FROM transfer WHERE flow = ? AND path = ? AND id < ? AND state = 'delivered' ORDER BY id DESC LIMIT 1";

/** They are no sets any more, by another expression; those that have their manifest stay. */
export function dropOpenSets(db: Database, flow: FlowId): void {
  db.run("DELETE FROM set_wait WHERE file_set IN (SELECT id FROM file_set WHERE flow = ?)", flow);
  db.run("DELETE FROM file_set WHERE flow = ? AND decided_at IS NULL", flow);
  // Counted anew with all the others.
  db.run("UPDATE file_set SET late = 0 WHERE flow = ?", flow);
}

function setFrom(row: SetRow): FileSet {
  return {
    id: row.id,
    path: pathFrom(row.path),
    parent: bytesOf(row.parent) as RelPath | "",
    timecode: row.timecode,
    seenAtMs: row.seen_at,
    newsAt: row.news_at,
    arrivals: row.arrivals,
    recountAt: row.recount_at,
    surveyedAt: row.surveyed_at,
    decidedAtMs: row.decided_at,
    late: row.late,
  };
}
