import type { RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { TransferId } from "../transfer.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import { pathCell } from "./rows.ts";
import { digestFrom } from "./segments.ts";

/**
 * The newest receipt of a path, where a later transfer ended without one although it was tried. Nobody may have seen
 * the end of such a try (a kill, a broken connection): it may have published all the same, and then the receipt tells
 * of bytes that are not there any more. null: there is no such receipt, or it rests on no digest.
 */
export function doubtedReceipt(db: Database, flow: FlowId, path: RelPath, by: TransferId): { digest: Digest; sizeBytes: number } | null {
  const row = db.get<{ id: number; state: string; algorithm: string | null; digest: Uint8Array | null; size: number | null }>(
    "SELECT id, state, algorithm, digest, size FROM transfer WHERE flow = ? AND path = ? AND (state = 'delivered' OR overtook = 1) ORDER BY id DESC LIMIT 1",
    flow,
    pathCell(path),
  );
  if (row === undefined || row.id >= by || row.state !== "delivered") return null;
  const digest = digestFrom(row.algorithm, row.digest);
  return digest === null ? null : { digest, sizeBytes: row.size ?? 0 };
}

/** Other bytes than the receipt's were found: no older receipt stands for what is there. */
export function markOvertaken(db: Database, by: TransferId): void {
  db.run(
    "UPDATE transfer SET overtook = 1, reason = reason || '; something else than the newest receipt tells is at the destination, so that receipt does not stand any more' WHERE id = ? AND state IN ('superseded', 'dead') AND overtook = 0",
    by,
  );
}
