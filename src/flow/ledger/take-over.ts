import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";

/**
 * Another host was active until now: what waits may be at the destination already. Content is looked for there before it
 * is sent. A removal of a file that is there again is not made once more: the newer file would go, and be sent again.
 */
export function takeOver(db: Database, flow: FlowId, at: WallMs): void {
  const waits = "state = 'queued' AND due_at IS NOT NULL";
  db.transaction(() => {
    db.run(`UPDATE transfer SET adopt = 1 WHERE flow = ? AND ${waits} AND (kind = 'put' OR kind = 'rename')`, flow);
    db.run(
      `UPDATE transfer AS t SET state = 'superseded', due_at = NULL, ended_at = ?1, reason = 'the file is there again'
       WHERE t.flow = ?2 AND ${waits} AND kind = 'delete'
         AND EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.path = t.path AND n.id > t.id AND n.state = 'queued' AND n.kind = 'put')
         AND NOT EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.id > t.id AND n.state = 'queued' AND n.kind = 'rename' AND n.path = t.path)
         AND NOT EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.id > t.id AND n.state = 'queued' AND n.from_path = t.path)`,
      at,
      flow,
    );
  });
}
