import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { INSERT_COLUMNS } from "./rows.ts";

const OPEN = "state IN ('settling', 'queued', 'sending', 'dead')";

/**
 * What brings something there. Removals and renames are about what was delivered to the old place: at the new one they
 * would hit files that nobody of us ever brought (P4). Whoever looks at the source finds the new names anyway. So it does the rows of a table.
 */
const BRINGS =
  // A manifest tells of what is at the place that it was made for.
  "kind IN ('put', 'link', 'mkdir') AND NOT EXISTS (SELECT 1 FROM manifest m WHERE m.flow = transfer.flow AND m.path = transfer.path)" +
  " AND NOT EXISTS (SELECT 1 FROM table_row r WHERE r.transfer = transfer.id)";

/** Each with the message that it came by, and with the file that it names; the new row of the flow has nothing else yet. */
function beside(table: "message" | "source_file", columns: readonly string[]): string {
  return `INSERT INTO ${table} (transfer, flow, ${columns.join(", ")})
       SELECT now.id, ?1, ${columns.map((column) => `m.${column}`).join(", ")}
       FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM transfer WHERE flow = ?2 AND ${OPEN} AND ${BRINGS}) former
       JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM transfer WHERE flow = ?1) now ON now.place = former.place
       JOIN ${table} m ON m.transfer = former.id`;
}

/**
 * A flow has another source or destination now, and so another row. With another destination, what was not delivered is
 * owed to that one, dead letters included (they have a new chance), and is looked for there first. With another source,
 * whether or not the destination is another as well, it is not: its files are not there.
 */
export function relocate(db: Database, from: FlowId, to: FlowId, changed: "source" | "destination", atMs: WallMs): void {
  if (changed === "destination") {
    db.run(
      `INSERT INTO transfer (flow, state, seen_at, due_at, adopt, reason, ${INSERT_COLUMNS})
       SELECT ?, CASE state WHEN 'settling' THEN 'settling' ELSE 'queued' END, seen_at, coalesce(due_at, 0), 1, CASE state WHEN 'settling' THEN reason END, ${INSERT_COLUMNS}
       FROM transfer WHERE flow = ? AND ${OPEN} AND ${BRINGS} ORDER BY id`,
      to,
      from,
    );
    db.run(beside("message", ["rel_path", "pub_time", "base_url", "body"]), to, from);
    db.run(beside("source_file", ["path", "algorithm", "digest"]), to, from);
  }
  db.run(
    `UPDATE transfer SET state = 'superseded', run = NULL, due_at = NULL, ended_at = ?, code = NULL, reason = ? WHERE flow = ? AND ${OPEN}`,
    atMs,
    `the flow has another ${changed} now`,
    from,
  );
}

/**
 * The rows that this flow had before, with another source or in between with another destination, whose files went where
 * it goes now: what their attempts left lies there still, and nobody else would look for it.
 */
export function formerFlows(db: Database, flow: FlowId): FlowId[] {
  return db
    .all<{ id: number }>(
      "SELECT f.id FROM flow f JOIN flow now ON now.id = ? AND f.destination = now.destination WHERE f.name = now.name || '@' || f.id ORDER BY f.id",
      flow,
    )
    .map(({ id }) => id);
}
