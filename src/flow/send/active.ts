import type { WallMs } from "../../kernel/clock.ts";
import { type ClaimedTransfer, type TransferId } from "../transfer.ts";
import type { Progress } from "./context.ts";

/** What is under way now, for `status`: only large files report bytes before their end. */
export type ActiveTransfer = { transfer: ClaimedTransfer; startedAtMs: WallMs; sentBytes: number };

/** The transfers under way, and how fast it goes. */
export class Active implements Progress {
  readonly #active = new Map<TransferId, ActiveTransfer>();
  #look = { bytes: 0, files: 0 };
  #totals = { bytes: 0, files: 0 };

  begin(transfer: ClaimedTransfer, startedAtMs: WallMs): void {
    this.#active.set(transfer.id, { transfer, startedAtMs, sentBytes: 0 });
  }

  sent(transfer: ClaimedTransfer, bytes: number): void {
    const entry = this.#active.get(transfer.id);
    if (entry === undefined) return;
    entry.sentBytes += bytes;
    this.#look.bytes += bytes;
    this.#totals.bytes += bytes;
  }

  /** @param deliveredBytes null where it was not delivered. */
  end(transfer: ClaimedTransfer, deliveredBytes: number | null): void {
    const entry = this.#active.get(transfer.id);
    this.#active.delete(transfer.id);
    if (deliveredBytes === null || entry === undefined) return;
    const unreported = entry.sentBytes > 0 ? 0 : deliveredBytes;
    this.#look = { bytes: this.#look.bytes + unreported, files: this.#look.files + 1 };
    this.#totals = { bytes: this.#totals.bytes + unreported, files: this.#totals.files + 1 };
  }

  startedAt(transfer: ClaimedTransfer): WallMs {
    return this.#active.get(transfer.id)?.startedAtMs ?? 0;
  }

  bytesOf(transfer: ClaimedTransfer): number {
    return Math.max(0, this.#active.get(transfer.id)?.sentBytes ?? 0);
  }

  bulkBytesLeft(): number {
    let left = 0;
    for (const { transfer, sentBytes } of this.#active.values()) {
      if (transfer.bulk && transfer.change.kind === "put") left += Math.max(0, transfer.change.version.sizeBytes - sentBytes);
    }
    return left;
  }

  sinceLastLook(): { bytes: number; files: number } {
    const look = this.#look;
    this.#look = { bytes: 0, files: 0 };
    return look;
  }

  /** All bytes acknowledged and files delivered by this process. */
  get totals(): { bytes: number; files: number } {
    return this.#totals;
  }

  /** The largest ones first. */
  list(limit: number): ActiveTransfer[] {
    const size = (entry: ActiveTransfer): number => (entry.transfer.change.kind === "put" ? entry.transfer.change.version.sizeBytes : 0);
    return [...this.#active.values()].sort((a, b) => size(b) - size(a)).slice(0, limit);
  }
}
