import type { TransferId } from "../transfer.ts";
import type { BatchId, WallUs } from "./batches.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";

/** What is still to be written into the user's database: a batch, or that a file was held, and when. */
export type Owed = { id: number; atUs: WallUs } & ({ kind: "batch"; batch: BatchId } | { kind: "held"; transfer: TransferId });

/** The flow, and the rows that it had before, with another source or destination: what these owe is owed. */
const OF_FLOW = "IN (SELECT f.id FROM flow f JOIN flow now ON now.id = ? WHERE f.id = now.id OR f.name = now.name || '@' || f.id)";

/** Whether the flow's batches, and what it holds, are owed to a journal from now on. What was owed before stays so. */
export function setJournaled(db: Database, flow: FlowId, on: boolean): void {
  db.run("UPDATE flow SET journaled = ?1 WHERE id = ?2 AND journaled <> ?1", on ? 1 : 0, flow);
}

/** In the order in which they came to be; batches under way after all others, however many there are. */
export function owedEntries(db: Database, flow: FlowId, limit: number): Owed[] {
  return db
    .all<Row & { id: number; batch: number | null; held: number | null; at: number }>(
      `SELECT j.id AS id, batch, held, at FROM journal_owed j LEFT JOIN batch b ON b.id = j.batch
         WHERE j.flow ${OF_FLOW} ORDER BY b.id IS NOT NULL AND b.ended_at IS NULL, j.id LIMIT ?`,
      flow,
      limit,
    )
    .map(({ id, batch, held, at }) =>
      batch === null ? { id, atUs: at, kind: "held", transfer: held! } : { id, atUs: at, kind: "batch", batch },
    );
}

/** Those that wait for nothing but the database. */
export function countOwed(db: Database, flow: FlowId): number {
  return (
    db.get<{ count: number }>(
      `SELECT count(*) AS count FROM journal_owed j LEFT JOIN batch b ON b.id = j.batch WHERE j.flow ${OF_FLOW} AND (j.batch IS NULL OR b.ended_at IS NOT NULL)`,
      flow,
    )?.count ?? 0
  );
}

export function settle(db: Database, entries: Owed[]): void {
  db.transaction(() => {
    for (const { id } of entries) db.run("DELETE FROM journal_owed WHERE id = ?", id);
  });
}
