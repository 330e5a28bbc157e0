import type { WallMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Told } from "../bus.ts";
import type { Digest } from "../digest.ts";
import type { Change, TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import { pathsOf } from "./claims.ts";
import type { FlowId } from "./flows.ts";
import type { EndedAttempt } from "./outcomes.ts";
import { CHANGE_COLUMNS, type ChangeRow, changeFrom, pathCell } from "./rows.ts";
import { sameAsBefore } from "./same-as-before.ts";
import { digestFrom } from "./segments.ts";
import type { There } from "./whereabouts.ts";

/** The message that a transfer came by, as far as it is passed on. */
export type CameBy = { pubTimeNs: bigint; baseUrl: string; body: Buffer };

/** A delivery that is still to be told of. */
export type Owed = {
  transfer: TransferId;
  change: Change;
  seenAtMs: WallMs;
  /** Of the receipt; null: it holds none. */
  digest: Digest | null;
  cameBy: CameBy | null;
};

/** Deliveries of one flow are to be told of: in the transaction of their receipts. */
export function oweAnnouncements(db: Database, flow: FlowId, delivered: EndedAttempt[]): void {
  for (const { transfer, outcome } of delivered) {
    const isFound = outcome.kind === "delivered" && outcome.method === "found";
    if (isFound && wasToldBefore(db, flow, transfer.id, transfer.change)) continue;
    db.run("INSERT OR IGNORE INTO announcement (transfer, flow) VALUES (?, ?)", transfer.id, flow);
  }
}

/** That was told with it, or is owed. A message is passed on in any case. */
function wasToldBefore(db: Database, flow: FlowId, id: TransferId, change: Change): boolean {
  return cameBy(db, id) === null && sameAsBefore(db, flow, id, change) !== null;
}

/** Counting is quick in the index, but not free. */
const COUNTED_MAX = 200_000;

/** How many are to be told of; more than `COUNTED_MAX` are not counted. */
export function countOwed(db: Database, flow: FlowId): number {
  return (
    db.get<{ n: number }>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM announcement INDEXED BY announcement_flow WHERE flow = ? LIMIT ${COUNTED_MAX})`,
      flow,
    )?.n ?? 0
  );
}

/** The first ones, in the order of their transfers. */
export function firstOwed(db: Database, flow: FlowId, limit: number): TransferId[] {
  return db
    .all<{ transfer: number }>(
      "SELECT transfer FROM announcement INDEXED BY announcement_flow WHERE flow = ? ORDER BY transfer LIMIT ?",
      flow,
      limit,
    )
    .map(({ transfer }) => transfer);
}

/** The deliveries by one message that are still to be told of; a rename can have led to two. */
export function owedBy(
  db: Database,
  flow: FlowId,
  { change, baseUrl, pubTimeNs }: Pick<Told, "change" | "baseUrl" | "pubTimeNs">,
): TransferId[] {
  return pathsOf(change).flatMap((path) =>
    db
      .all<{ transfer: number }>(
        `SELECT m.transfer FROM message m JOIN announcement a ON a.transfer = m.transfer
         WHERE m.flow = ? AND m.rel_path = ? AND m.pub_time = ? AND m.base_url = ?`,
        flow,
        pathCell(path),
        pubTimeNs,
        baseUrl,
      )
      .map(({ transfer }) => transfer),
  );
}

export function isOwedAnnouncement(db: Database, transfer: TransferId): boolean {
  return db.get("SELECT 1 FROM announcement WHERE transfer = ?", transfer) !== undefined;
}

type OwedRow = ChangeRow & { id: number; seen_at: number; algorithm: string | null; digest: Uint8Array | null };

export function owedOf(db: Database, transfer: TransferId): Owed {
  const row = db.get<OwedRow>(`SELECT id, seen_at, algorithm, digest, ${CHANGE_COLUMNS} FROM transfer WHERE id = ?`, transfer)!;
  return {
    transfer,
    change: changeFrom(row),
    seenAtMs: row.seen_at,
    digest: digestFrom(row.algorithm, row.digest),
    cameBy: cameBy(db, transfer),
  };
}

/** null: it came by no message. */
export function cameBy(db: Database, transfer: TransferId): CameBy | null {
  const row = db.get<Row & { pub_time: string; base_url: string; body: Uint8Array }>(
    "SELECT CAST(pub_time AS TEXT) AS pub_time, base_url, body FROM message WHERE transfer = ?",
    transfer,
  );
  return row === undefined ? null : { pubTimeNs: BigInt(row.pub_time), baseUrl: row.base_url, body: Buffer.from(row.body) };
}

/** They have been told of. In the order in which the broker took them, so that a kill leaves the later of two and never the earlier alone. */
export function announced(db: Database, transfers: TransferId[]): void {
  db.transaction(() => {
    for (const transfer of transfers) db.run("DELETE FROM announcement WHERE transfer = ?", transfer);
  });
}

/** A flow that moves no files leaves nothing at the far end, whatever its attempts came to. */
export function nothingIsLeft(db: Database, flow: FlowId): void {
  db.run("UPDATE transfer SET litter = 0 WHERE flow = ? AND litter = 1 AND ended_at IS NOT NULL", flow);
}

const NS_PER_MS = 1_000_000n;

/**
 * When a change is said to have been published: with the path it is the identity of the message, so it is fixed by the
 * row, and the same at each try. Of two changes seen in one millisecond the later has the later time.
 */
export function pubTimeOf({ seenAtMs, transfer }: Pick<Owed, "seenAtMs" | "transfer">): bigint {
  return BigInt(seenAtMs) * NS_PER_MS + (BigInt(transfer) % NS_PER_MS);
}

/** Whether any queue ever got a message of a flow that publishes. By the newest rows first, which tell it at once where it is so. */
export function wasEverConfirmed(db: Database, flow: FlowId): boolean {
  return db.get("SELECT 1 FROM transfer WHERE flow = ? AND basis = 'confirmed' ORDER BY id DESC LIMIT 1", flow) !== undefined;
}

/**
 * What receivers may have at a path though the message that tells of it was never sent: they were told something of it before,
 * and look at the source themselves. null: nothing, or its removal is what was recorded last.
 */
export function mayBeWithReceivers(db: Database, flow: FlowId, path: RelPath): There | null {
  const newest = db.get<Row & { kind: string; directory: number }>(
    "SELECT kind, directory FROM transfer WHERE flow = ? AND path = ? ORDER BY id DESC LIMIT 1",
    flow,
    pathCell(path),
  );
  if (newest === undefined || newest.kind === "delete" || newest.kind === "rmdir") return null;
  const told = db.get(
    "SELECT 1 FROM transfer WHERE flow = ? AND path = ? AND (state = 'delivered' OR state = 'sending') LIMIT 1",
    flow,
    pathCell(path),
  );
  if (told === undefined) return null;
  return newest.kind === "mkdir" || newest.directory === 1 ? "directory" : "file";
}
