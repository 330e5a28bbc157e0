import type { RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import { dropOpenSets } from "./file-sets.ts";
import type { FlowId } from "./flows.ts";
import { pathFrom } from "./rows.ts";
import type { StateName } from "./states.ts";

/** A transfer as its place in sets is told by it. */
export type Placed = {
  id: TransferId;
  kind: string;
  path: RelPath;
  /** The old name, of a rename. */
  from: RelPath | null;
  directory: boolean;
  state: StateName;
  /** It is ignored since another program has delivered and verified it. */
  elsewhere: boolean;
  seenAtMs: number;
};

/** With another expression all transfers are gone through anew. */
export function beginScope(db: Database, flow: FlowId, expression: string): void {
  db.transaction(() => {
    const known = db.get<{ expression: string }>("SELECT expression FROM set_scope WHERE flow = ?", flow);
    if (known?.expression === expression) return;
    if (known !== undefined) dropOpenSets(db, flow);
    db.run(
      "INSERT INTO set_scope (flow, expression, through) VALUES (?, ?, 0) ON CONFLICT (flow) DO UPDATE SET expression = excluded.expression, through = 0",
      flow,
      expression,
    );
  });
}

const NEXT =
  "SELECT id, kind, path, from_path, directory, state, seen_at, state = 'ignored' AND EXISTS (SELECT 1 FROM table_row r WHERE r.transfer = transfer.id AND r.verified = 1) AS elsewhere FROM transfer WHERE id > ? AND id <= ? AND +flow = ? ORDER BY id";

/** The transfers that were recorded since, among the next `limit` rows of the ledger; `caughtUp`: there are no further ones. */
export function takeUnplaced(db: Database, flow: FlowId, limit: number): { placed: Placed[]; caughtUp: boolean } {
  const through = db.get<{ through: number }>("SELECT through FROM set_scope WHERE flow = ?", flow)?.through ?? 0;
  const last = db.get<{ id: number | null }>("SELECT max(id) AS id FROM transfer")?.id ?? 0;
  if (last <= through) return { placed: [], caughtUp: true };
  const next = Math.min(last, through + limit);
  db.run("UPDATE set_scope SET through = ? WHERE flow = ?", next, flow);
  const rows = db.all<
    Row & {
      id: number;
      kind: string;
      path: Uint8Array;
      from_path: Uint8Array | null;
      directory: number;
      state: StateName;
      elsewhere: number;
      seen_at: number;
    }
  >(NEXT, through, next, flow);
  return {
    placed: rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      path: pathFrom(row.path),
      from: row.from_path === null ? null : pathFrom(row.from_path),
      directory: row.directory === 1,
      state: row.state,
      elsewhere: row.elsewhere === 1,
      seenAtMs: row.seen_at,
    })),
    caughtUp: next === last,
  };
}
