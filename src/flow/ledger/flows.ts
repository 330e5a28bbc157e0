import type { WallMs } from "../../kernel/clock.ts";
import type { AbsPath } from "../../kernel/path.ts";
import type { RootIdentity } from "../detect/contract.ts";
import type { Database, Row } from "./database.ts";
import { relocate } from "./relocate.ts";
import { pathCell } from "./rows.ts";

export type FlowId = number;

export type FlowIdentity = { name: string; root: AbsPath; destination: string };

/**
 * The flow's row and its tally; made on first use. With another source or destination it is another flow: what was
 * delivered there says nothing about here. What the old one still owed is owed to the new place (`relocate.ts`).
 */
export function registerFlow(db: Database, flow: FlowIdentity, atMs: WallMs = Date.now()): FlowId {
  return db.transaction(() => {
    const known = db.get<{ id: number; root: Uint8Array; destination: string }>(
      "SELECT id, root, destination FROM flow WHERE name = ?",
      flow.name,
    );
    if (known === undefined) return insertFlow(db, flow);
    const sameSource = Buffer.compare(known.root, pathCell(flow.root)) === 0;
    if (known.destination === flow.destination && sameSource) return known.id;
    db.run("UPDATE flow SET name = name || '@' || id WHERE id = ?", known.id);
    const id = insertFlow(db, flow);
    db.run("UPDATE flow SET held = (SELECT held FROM flow WHERE id = ?) WHERE id = ?", known.id, id);
    relocate(db, known.id, id, sameSource ? "destination" : "source", atMs);
    return id;
  });
}

function insertFlow(db: Database, flow: FlowIdentity): FlowId {
  const id = db.insert("INSERT INTO flow (name, root, destination) VALUES (?, ?, ?)", flow.name, pathCell(flow.root), flow.destination);
  db.run("INSERT INTO tally (flow) VALUES (?)", id);
  return id;
}

export function flowId(db: Database, name: string): FlowId | null {
  return db.get<{ id: number }>("SELECT id FROM flow WHERE name = ?", name)?.id ?? null;
}

export function rootIdentity(db: Database, flow: FlowId): RootIdentity | null {
  return db.get<{ root_identity: string | null }>("SELECT root_identity FROM flow WHERE id = ?", flow)?.root_identity ?? null;
}

export function acceptRoot(db: Database, flow: FlowId, identity: RootIdentity | null): void {
  db.run("UPDATE flow SET root_identity = ? WHERE id = ?", identity, flow);
}

/** Why a person must look; null: nothing. It stays over restarts until `release`. */
export function haltReason(db: Database, flow: FlowId): string | null {
  return db.get<{ halted: string | null }>("SELECT halted FROM flow WHERE id = ?", flow)?.halted ?? null;
}

export function halt(db: Database, flow: FlowId, reason: string): void {
  db.run("UPDATE flow SET halted = ? WHERE id = ?", reason, flow);
}

/** What a person asked of a flow: to send nothing for now, or not to run at all. It stays over restarts. */
export type Held = "paused" | "stopped";

export function heldOf(db: Database, flow: FlowId): Held | null {
  return db.get<{ held: Held | null }>("SELECT held FROM flow WHERE id = ?", flow)?.held ?? null;
}

export function setHeld(db: Database, flow: FlowId, held: Held | null): void {
  db.run("UPDATE flow SET held = ? WHERE id = ?", held, flow);
}

/** A person has looked: the source is accepted as it is now, with the removals that are recorded so far. */
export function release(db: Database, flow: FlowId): void {
  db.run(
    "UPDATE flow SET halted = NULL, root_identity = NULL, released_through = (SELECT coalesce(max(id), 0) FROM transfer) WHERE id = ?",
    flow,
  );
}

/** Removals up to this transfer were released by a person. */
export function releasedThrough(db: Database, flow: FlowId): number {
  return db.get<{ released_through: number }>("SELECT released_through FROM flow WHERE id = ?", flow)?.released_through ?? 0;
}

export type Tally = {
  seen: number;
  settling: number;
  queued: number;
  sending: number;
  delivered: number;
  superseded: number;
  ignored: number;
  dead: number;
};

export function tallyOf(db: Database, flow: FlowId): Tally & { queuedBytes: number; deliveredBytes: number } {
  const row = db.get<Row>("SELECT * FROM tally WHERE flow = ?", flow);
  const count = (name: string): number => Number(row?.[name] ?? 0);
  return {
    seen: count("seen"),
    settling: count("settling"),
    queued: count("queued"),
    sending: count("sending"),
    delivered: count("delivered"),
    superseded: count("superseded"),
    ignored: count("ignored"),
    dead: count("dead"),
    queuedBytes: count("queued_bytes"),
    deliveredBytes: count("delivered_bytes"),
  };
}

/** Recounts the rows and compares with the tally: the differences, none where all is well. Reads every row. */
export function recount(db: Database, flow: FlowId): string[] {
  const counted = new Map<string, number>();
  for (const { state, n } of db.all<{ state: string; n: number }>(
    "SELECT state, sum(n) AS n FROM (SELECT state, count(*) AS n FROM transfer WHERE flow = ?1 GROUP BY state UNION ALL SELECT state, transfers FROM pruned WHERE flow = ?1) GROUP BY state",
    flow,
  )) {
    counted.set(state, n);
  }
  const tally = tallyOf(db, flow);
  const terms = ["settling", "queued", "sending", "delivered", "superseded", "ignored", "dead"] as const;
  return terms
    .filter((term) => tally[term] !== (counted.get(term) ?? 0))
    .map((term) => `${term}: the tally says ${tally[term]}, the rows ${counted.get(term) ?? 0}`);
}
