import type { RelPath } from "../../kernel/path.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell } from "./rows.ts";

/** Whether a flow still has to deliver a path: it waits, is under way, or is a dead letter that a person may send again. */
export function isOwed(db: Database, flow: FlowId, path: RelPath): boolean {
  return (
    db.get(
      "SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND state IN ('settling', 'queued', 'sending', 'dead') LIMIT 1",
      flow,
      pathCell(path),
    ) !== undefined
  );
}
