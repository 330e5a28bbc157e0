import type { Outcome } from "../ledger/outcomes.ts";
import type { ClaimedTransfer } from "../transfer.ts";

/** What was claimed, after somebody had a look at it: it is sent, or its attempt ends here. */
export type Passed = { sent: ClaimedTransfer[]; ended: Array<{ transfer: ClaimedTransfer; outcome: Outcome }> };

/** Has a look at transfers before any of their bytes are sent. Never rejects. */
export interface Gate {
  pass(claimed: readonly ClaimedTransfer[]): Promise<Passed>;
}
