import { type AbsPath, below, bytesOf, join, type RelPath } from "../../kernel/path.ts";
import { sameVersion } from "../version.ts";
import { type Known, newest } from "./admissions.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";

/**
 * Whether the retention of another flow (or of this one before its destination changed) took what is gone from a source
 * that both have: that is no removal by a person, and is made at no destination. Sources are compared by their names.
 */
export function takenByAnother(db: Database, flow: FlowId, path: RelPath, known: Known): boolean {
  const rows = db.all<{ id: number; root: Uint8Array }>("SELECT id, root FROM flow");
  const own = rows.find(({ id }) => id === flow);
  if (own === undefined) return false;
  const file = join(bytesOf(own.root) as AbsPath, path);
  return rows.some(({ id, root }) => {
    const named = id === flow ? null : below(bytesOf(root) as AbsPath, file);
    const theirs = named === null ? null : newest(db, id, named);
    if (theirs?.removedByUs !== true) return false;
    if (known.version === null || theirs.version === null) return known.directory && theirs.directory;
    return sameVersion(known.version, theirs.version);
  });
}
