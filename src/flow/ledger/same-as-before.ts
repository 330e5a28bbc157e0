import type { Change, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell } from "./rows.ts";
import { movedAway } from "./whereabouts.ts";

type Before = Row & { id: number; kind: string; inode: string | null; size: number | null; mtime_ns: string | null; mode: number | null };

/** The receipt before this one where that is of the same file with the same bytes and mode; null: there is none, or it is of another. */
export function sameAsBefore(db: Database, flow: FlowId, id: TransferId, change: Change): TransferId | null {
  if (change.kind !== "put") return null;
  const before = db.get<Before>(
    "SELECT id, kind, inode, size, CAST(mtime_ns AS TEXT) AS mtime_ns, mode FROM transfer WHERE flow = ? AND path = ? AND id < ? AND (state = 'delivered' OR overtook = 1) ORDER BY id DESC LIMIT 1",
    flow,
    pathCell(change.path),
    id,
  );
  if (before === undefined || before.kind !== "put" || movedAway(db, flow, change.path, before.id)) return null;
  const { inode, sizeBytes, mtimeNs } = change.version;
  const isSame = before.inode === inode && before.size === sizeBytes && before.mtime_ns === String(mtimeNs) && before.mode === change.mode;
  return isSame ? before.id : null;
}
