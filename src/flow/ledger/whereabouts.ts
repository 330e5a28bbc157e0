import { ancestorsOf, type Bytes, type RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom, prefixRange } from "./rows.ts";

/** What is, or will be when all that waits is done, at the destination under a name. */
export type There = "file" | "directory";

/** Takes something away for certain: done, or to be done in its order. */
const TAKES = "state IN ('delivered', 'sending', 'queued')";
/** May have put something there: done, a rename that waits, or an attempt whose end nobody saw. */
const BRINGS = "(state = 'delivered' OR attempt > 0 OR (state = 'queued' AND kind = 'rename'))";
/** Renames of directories that contain themselves under other names are followed so far. */
const STEPS_MAX = 64;

/**
 * What the ledger knows to be at the destination under `path`: made there by a transfer of the path
 * itself, or brought there by the rename of a directory above it. May name more than is there, never less.
 */
export function atDestination(db: Database, flow: FlowId, path: RelPath, before: TransferId = Number.MAX_SAFE_INTEGER): There | null {
  return ownThere(db, flow, path, before) ?? (newestMove(db, flow) === 0 ? null : broughtThere(db, flow, path, before));
}

/** Whether anything below a directory is at the destination, or may be. */
export function anythingBelow(db: Database, flow: FlowId, directory: RelPath): boolean {
  return (
    db.get(`SELECT 1 FROM transfer WHERE flow = ? AND path > ? AND path < ? AND ${BRINGS} LIMIT 1`, flow, ...prefixRange(directory)) !==
    undefined
  );
}

function ownThere(db: Database, flow: FlowId, path: RelPath, before: TransferId): There | null {
  const last = db.get<{ id: number; kind: string; directory: number }>(
    `SELECT id, kind, directory FROM transfer WHERE flow = ? AND path = ? AND id < ? AND (CASE WHEN kind IN ('delete', 'rmdir') THEN ${TAKES} ELSE ${BRINGS} END) ORDER BY id DESC LIMIT 1`,
    flow,
    pathCell(path),
    before,
  );
  if (last === undefined || last.kind === "delete" || last.kind === "rmdir" || movedAway(db, flow, path, last.id, before)) return null;
  return last.kind === "mkdir" || last.directory === 1 ? "directory" : "file";
}

function broughtThere(db: Database, flow: FlowId, path: RelPath, before: TransferId): There | null {
  for (const directory of ancestorsOf(path).reverse()) {
    const move = db.get<Row & { id: number; from_path: Uint8Array }>(
      `SELECT id, from_path FROM transfer INDEXED BY transfer_moves WHERE flow = ? AND path = ? AND directory = 1 AND id < ? AND ${BRINGS} ORDER BY id DESC LIMIT 1`,
      flow,
      pathCell(directory),
      before,
    );
    if (move === undefined) continue;
    const former = `${pathFrom(move.from_path)}${path.slice(directory.length)}` as Bytes as RelPath;
    const there = removedSince(db, flow, path, move.id, before) ? null : atDestination(db, flow, former, move.id);
    if (there !== null) return there;
  }
  return null;
}

/** What was brought by transfer `since` was taken away again, by a removal or a rename. */
function removedSince(db: Database, flow: FlowId, path: RelPath, since: TransferId, before: TransferId): boolean {
  const removal = `SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND id > ? AND id < ? AND kind IN ('delete', 'rmdir') AND ${TAKES} LIMIT 1`;
  return movedAway(db, flow, path, since, before) || db.get(removal, flow, pathCell(path), since, before) !== undefined;
}

/** Whether a rename, recorded after transfer `since`, takes what is at `path` to another name, by itself or with a directory above it. */
export function movedAway(
  db: Database,
  flow: FlowId,
  path: RelPath,
  since: TransferId,
  before: TransferId = Number.MAX_SAFE_INTEGER,
): boolean {
  return newestMove(db, flow) > since && nextMove(db, flow, path, since, before) !== null;
}

/** 0: nothing was ever moved. Most flows move little, so this one step in the index spares the others. */
function newestMove(db: Database, flow: FlowId): TransferId {
  return db.get<{ id: number | null }>("SELECT max(id) AS id FROM transfer WHERE flow = ? AND from_path IS NOT NULL", flow)?.id ?? 0;
}

/** The first rename after `since` that takes `path` along, and where to. */
function nextMove(
  db: Database,
  flow: FlowId,
  path: RelPath,
  since: TransferId,
  before: TransferId,
): { id: TransferId; to: RelPath } | null {
  let first: { id: TransferId; to: RelPath } | null = null;
  let limit = before;
  for (const moved of [path, ...ancestorsOf(path)]) {
    const move = db.get<Row & { id: number; path: Uint8Array }>(
      `SELECT id, path FROM transfer WHERE flow = ? AND from_path = ? AND id > ? AND id < ? AND ${TAKES} ORDER BY id LIMIT 1`,
      flow,
      pathCell(moved),
      since,
      limit,
    );
    if (move === undefined) continue;
    limit = move.id;
    first = { id: move.id, to: `${pathFrom(move.path)}${path.slice(moved.length)}` as Bytes as RelPath };
  }
  return first;
}

/** Under which name what transfer `since` put at `path` is now: renames are followed. */
export function presentName(db: Database, flow: FlowId, path: RelPath, since: TransferId): RelPath {
  let place = { id: since, to: path };
  for (let step = 0; step < STEPS_MAX && newestMove(db, flow) > place.id; step++) {
    const next = nextMove(db, flow, place.to, place.id, Number.MAX_SAFE_INTEGER);
    if (next === null) break;
    place = next;
  }
  return place.to;
}
