import type { ClaimedTransfer } from "../transfer.ts";
import type { Database } from "./database.ts";

/** A message need not tell the size of its file: what came is written down by whoever holds the transfer, so that the receipt has it. */
export function recordFetchedSize(db: Database, { id, fence }: Pick<ClaimedTransfer, "id" | "fence">, sizeBytes: number): void {
  db.run(
    "UPDATE transfer SET size = ? WHERE id = ? AND state = 'sending' AND run = ? AND attempt = ?",
    sizeBytes,
    id,
    fence.run,
    fence.attempt,
  );
}
