import type { RelPath } from "../../kernel/path.ts";
import type { TransferId } from "../transfer.ts";
import type { Database, Row } from "./database.ts";
import type { FlowId } from "./flows.ts";
import type { EndedAttempt } from "./outcomes.ts";
import { pathFrom } from "./rows.ts";

/** A delivered file whose row the catalog is to have. */
export type OwedRow = { transfer: TransferId; path: RelPath; hex: string; sizeBytes: number };

/** Deliveries of one flow are to be entered: in the transaction of their receipts. Of what has no content of its own, a catalog knows nothing. */
export function oweCatalogRows(db: Database, flow: FlowId, delivered: EndedAttempt[]): void {
  for (const { transfer, outcome } of delivered) {
    if (transfer.change.kind !== "put" || outcome.kind !== "delivered" || outcome.receipt.proof.basis !== "digest") continue;
    db.run("INSERT OR IGNORE INTO catalog_owed (transfer, flow) VALUES (?, ?)", transfer.id, flow);
  }
}

/** The first that are still to be entered; those that were refused come after all others. */
export function firstOwedRows(db: Database, flow: FlowId, limit: number, refused: boolean): OwedRow[] {
  return db
    .all<Row & { transfer: number; path: Uint8Array; digest: Uint8Array; size: number }>(
      `SELECT c.transfer, t.path, t.digest, t.size FROM catalog_owed c INDEXED BY catalog_owed_flow JOIN transfer t ON t.id = c.transfer
       WHERE c.flow = ? AND (c.refused IS NOT NULL) = ? ORDER BY c.transfer LIMIT ?`,
      flow,
      refused ? 1 : 0,
      limit,
    )
    .map((row) => ({
      transfer: row.transfer,
      path: pathFrom(row.path),
      hex: Buffer.from(row.digest).toString("hex"),
      sizeBytes: row.size,
    }));
}

export function enteredRow(db: Database, transfer: TransferId): void {
  db.run("DELETE FROM catalog_owed WHERE transfer = ?", transfer);
}

export function refusedRow(db: Database, transfer: TransferId, reason: string): void {
  db.run("UPDATE catalog_owed SET refused = ? WHERE transfer = ?", reason, transfer);
}

/** null: it is in the catalog, or need not be. `refused` null: it is owed, and nothing is known against it. */
export function owedRowOf(db: Database, transfer: TransferId): { refused: string | null } | null {
  return db.get<{ refused: string | null }>("SELECT refused FROM catalog_owed WHERE transfer = ?", transfer) ?? null;
}

/** Why a source file has to stay: its row is not in the catalog. null: it is, or need not be. */
export function uncatalogued(db: Database, transfer: TransferId): string | null {
  const owed = owedRowOf(db, transfer);
  return owed === null ? null : owed.refused === null ? "its row is not in the catalog yet" : `it is not in the catalog: ${owed.refused}`;
}

/** Counting is quick, but not free. */
const COUNTED_MAX = 100_000;

/** More than `COUNTED_MAX` are not counted. */
export function countOwedRows(db: Database, flow: FlowId): { owed: number; refused: number } {
  const row = db.get<{ owed: number; refused: number }>(
    `SELECT count(*) AS owed, count(refused) AS refused FROM (SELECT refused FROM catalog_owed INDEXED BY catalog_owed_flow WHERE flow = ? LIMIT ${COUNTED_MAX})`,
    flow,
  );
  return row ?? { owed: 0, refused: 0 };
}
