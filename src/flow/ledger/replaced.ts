import type { TransferId } from "../transfer.ts";
import type { Database } from "./database.ts";

export const REPLACED = "a newer version of the path was seen";

/** Of a row `t`: whether something newer was recorded for its path. */
export const HAS_NEWER =
  "EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.path = t.path AND n.id > t.id AND n.state <> 'superseded')";

/** Whether a later transfer of the same path makes this one pointless. */
export function isReplaced(db: Database, id: TransferId): boolean {
  return db.get(`SELECT 1 FROM transfer t WHERE t.id = ? AND ${HAS_NEWER}`, id) !== undefined;
}

/** Whether a later transfer makes or moves the directory that this one was to remove. Without that, what must go from it first could wait for it in turn. */
export function directoryIsWanted(db: Database, id: TransferId): boolean {
  const moved =
    "EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.from_path = t.path AND n.id > t.id AND n.state <> 'superseded')";
  return db.get(`SELECT 1 FROM transfer t WHERE t.id = ? AND (${HAS_NEWER} OR ${moved})`, id) !== undefined;
}
