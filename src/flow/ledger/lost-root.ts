import type { Database } from "./database.ts";
import { type FlowId, halt, haltReason } from "./flows.ts";

/**
 * A source that is away halts its flow as a person's halt does, so that everybody sees it, also when nobody runs. But
 * it ends by itself when the source is back: which of the two a halt is, is told by the reason that is kept here beside.
 */
const keyOf = (flow: FlowId): string => `lost_root.${flow}`;

function isOfRoot(db: Database, flow: FlowId): boolean {
  const lost = db.get<{ value: string }>("SELECT value FROM meta WHERE key = ?", keyOf(flow));
  return lost !== undefined && lost.value === haltReason(db, flow);
}

/** Where a person must look already, that stays the reason. */
export function loseRoot(db: Database, flow: FlowId, reason: string): void {
  db.transaction(() => {
    if (haltReason(db, flow) !== null && !isOfRoot(db, flow)) return;
    db.run("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", keyOf(flow), reason);
    halt(db, flow, reason);
  });
}

/** The source is back: a halt that was for this is over, any other stays. */
export function findRoot(db: Database, flow: FlowId): void {
  db.transaction(() => {
    if (isOfRoot(db, flow)) db.run("UPDATE flow SET halted = NULL WHERE id = ?", flow);
    db.run("DELETE FROM meta WHERE key = ?", keyOf(flow));
  });
}

/** Why a person must look, whether or not the source is there; null: nothing. */
export function haltForPerson(db: Database, flow: FlowId): string | null {
  return isOfRoot(db, flow) ? null : haltReason(db, flow);
}
