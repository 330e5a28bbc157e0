import type { WallMs } from "../../kernel/clock.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell, pathFrom } from "./rows.ts";
import type { StateName } from "./states.ts";

/** A path that the ledger knows, and how its newest transfer stands. */
export type KnownPath = {
  path: RelPath;
  transfer: TransferId;
  state: StateName;
  sizeBytes: number | null;
  seenAtMs: WallMs;
  endedAtMs: WallMs | null;
};

/** Looked through for a name in the middle of a path, which no index tells. */
export const NEWEST_LOOKED_THROUGH = 5000;

/** Paths that begin so, in order of their bytes, each once. By the index alone, however many rows there are. */
export function pathsBeginning(db: Database, flow: FlowId, prefix: Bytes, limit: number): RelPath[] {
  const found: RelPath[] = [];
  const end = pathCell(afterAll(prefix));
  let from = pathCell(prefix);
  let above = ">=";
  while (found.length < limit) {
    const row = db.get<{ path: Uint8Array }>(
      `SELECT path FROM transfer INDEXED BY transfer_path WHERE flow = ? AND path ${above} ? AND path < ? ORDER BY path LIMIT 1`,
      flow,
      from,
      end,
    );
    if (row === undefined) break;
    found.push(pathFrom(row.path));
    from = Buffer.from(row.path);
    above = ">";
  }
  return found;
}

/** Paths among the newest transfers of all flows that hold these bytes anywhere, the newest first. */
export function newestPathsWith(db: Database, part: Bytes, limit: number): Array<{ flow: FlowId; path: RelPath }> {
  const last = db.get<{ id: number | null }>("SELECT max(id) AS id FROM transfer")?.id ?? 0;
  return db
    .all<{ flow: number; path: Uint8Array }>(
      "SELECT flow, path FROM transfer WHERE id > ? AND instr(path, ?) > 0 ORDER BY id DESC LIMIT ?",
      last - NEWEST_LOOKED_THROUGH,
      pathCell(part),
      limit,
    )
    .map((row) => ({ flow: row.flow, path: pathFrom(row.path) }));
}

export function knownPath(db: Database, flow: FlowId, path: RelPath): KnownPath | null {
  const row = db.get<{ id: number; state: StateName; size: number | null; seen_at: number; ended_at: number | null }>(
    "SELECT id, state, size, seen_at, ended_at FROM transfer WHERE flow = ? AND path = ? ORDER BY id DESC LIMIT 1",
    flow,
    pathCell(path),
  );
  return row === undefined
    ? null
    : { path, transfer: row.id, state: row.state, sizeBytes: row.size, seenAtMs: row.seen_at, endedAtMs: row.ended_at };
}

/** Above everything that begins with `prefix`: no path of the kernel's is longer. */
function afterAll(prefix: Bytes): Bytes {
  return `${prefix}${"\xff".repeat(4096)}` as Bytes;
}
