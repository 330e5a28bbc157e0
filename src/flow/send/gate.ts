import type { SteadyMs } from "../../kernel/clock.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { ClaimedTransfer } from "../transfer.ts";

/** What was claimed, after somebody had a look at it: it is sent, or its attempt ends here. */
export type Passed = { sent: ClaimedTransfer[]; ended: Array<{ transfer: ClaimedTransfer; outcome: Outcome }> };

/** Has a look at transfers before any of their bytes are sent. */
export interface Gate {
  /** When it can look again, while it cannot: nothing is claimed until then. null: it can. */
  heldUntil(): SteadyMs | null;
  /** Never rejects. */
  pass(claimed: readonly ClaimedTransfer[]): Promise<Passed>;
  /** Whether the content under this name is to be what we bring, whatever is there. Nothing else that is there is overwritten. */
  mayReplace(path: RelPath, hex: string): boolean;
}
