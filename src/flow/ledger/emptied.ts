import type { RelPath } from "../../kernel/path.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { prefixRange } from "./rows.ts";

/** Only so many transfers below a directory are looked at; where none of them tells, nobody knows, and the directory stays. */
const LOOKED_AT_MAX = 10_000;

/** Whether this flow took a file from below the directory, and nothing newer is known of that file. An empty directory that it took nothing from is somebody's own. */
export function emptiedByUs(db: Database, flow: FlowId, directory: RelPath): boolean {
  return (
    db.get(
      `SELECT 1 FROM (SELECT id, path, kind, retain FROM transfer WHERE flow = ?1 AND path > ?2 AND path < ?3 ORDER BY path LIMIT ${LOOKED_AT_MAX}) t
       WHERE t.retain IN ('removed', 'held') AND t.kind <> 'mkdir'
       AND NOT EXISTS (SELECT 1 FROM transfer n WHERE n.flow = ?1 AND n.path = t.path AND n.id > t.id) LIMIT 1`,
      flow,
      ...prefixRange(directory),
    ) !== undefined
  );
}
