import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";
import type { TransferId } from "../transfer.ts";
import type { FlowId } from "./flows.ts";

/** Looked at in one call: some milliseconds, so that nothing waits for it. */
const WINDOW = 1000;

/** What makes a row needless: a later row of its path; for a receipt, and for what tells that one does not stand, a later receipt. */
const OUTLIVED = `EXISTS (SELECT 1 FROM transfer n WHERE n.flow = t.flow AND n.path = t.path AND n.id > t.id AND ((t.state <> 'delivered' AND t.overtook = 0) OR n.state = 'delivered'))`;
/** What was gone when its message came is of no path that is there. */
const TOLD_AND_IGNORED = "t.state = 'ignored' AND EXISTS (SELECT 1 FROM message m WHERE m.transfer = t.id)";
/** A rename tells that a receipt of its old name is of no more use: it stays as long as such a receipt may. */
const EXPLAINS_A_RECEIPT = `t.kind = 'rename' AND t.state = 'delivered' AND (t.directory = 1
  OR EXISTS (SELECT 1 FROM transfer o WHERE o.flow = t.flow AND o.path = t.from_path AND o.id < t.id AND o.state = 'delivered'))`;

/** What is still to be written into the user's own database of batches. */
const JOURNAL_WAITS = `EXISTS (SELECT 1 FROM journal_owed j WHERE j.held = t.id)
  OR EXISTS (SELECT 1 FROM batch_member m JOIN journal_owed j ON j.batch = m.batch WHERE m.transfer = t.id)`;

/**
 * Drops attempts and ended transfers older than `before`. The newest transfer of a path stays and
 * so does its newest receipt, as do dead letters, open transfers, what retention still has to do and what is still to be told of, entered into a catalog or ingested.
 * Looks at a part of the ledger, the transfers after `after`; `next` is where the next call goes on, null at the end.
 */
export function prune(db: Database, flow: FlowId, before: WallMs, after: TransferId = 0): { dropped: number; next: TransferId | null } {
  const last = db.get<{ id: number | null }>("SELECT max(id) AS id FROM transfer")?.id ?? 0;
  const through = after + WINDOW;
  // The plus keeps SQLite from going through all of the flow by its index instead of through the window.
  const part = "t.id > ?1 AND t.id <= ?2 AND +t.flow = ?3";
  const dropped = db.transaction(() => {
    db.run(
      `DELETE FROM attempt WHERE ended_at < ?4 AND transfer IN (SELECT id FROM transfer t WHERE ${part} AND state <> 'delivered')`,
      after,
      through,
      flow,
      before,
    );
    db.run(
      `DELETE FROM batch WHERE id IN (SELECT b.id FROM batch b WHERE b.flow = ? AND b.ended_at < ? AND b.litter = 0
         AND NOT EXISTS (SELECT 1 FROM journal_owed j WHERE j.batch = b.id) ORDER BY b.ended_at LIMIT ?)`,
      flow,
      before * 1000,
      WINDOW,
    );
    return db.run(
      `DELETE FROM transfer WHERE id IN (
         SELECT id FROM transfer t WHERE ${part} AND ended_at < ?4 AND state IN ('delivered', 'superseded', 'ignored') AND litter = 0 AND (retain IS NULL OR retain IN ('removed', 'held'))
           AND (${OUTLIVED} OR ${TOLD_AND_IGNORED}) AND NOT (${EXPLAINS_A_RECEIPT}) AND NOT EXISTS (SELECT 1 FROM announcement a WHERE a.transfer = t.id) AND NOT (${JOURNAL_WAITS})
           AND NOT EXISTS (SELECT 1 FROM catalog_owed c WHERE c.transfer = t.id)
           AND NOT EXISTS (SELECT 1 FROM ingest i WHERE i.transfer = t.id AND i.status NOT IN ('SUCCESS', 'IGNORED')))`,
      after,
      through,
      flow,
      before,
    );
  });
  return { dropped, next: through < last ? through : null };
}
