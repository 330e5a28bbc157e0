import type { RelPath } from "../../kernel/path.ts";
import type { OriginOf } from "../ledger/claims.ts";
import type { EndedAttempt, Outcome } from "../ledger/outcomes.ts";
import type { ClaimedTransfer } from "../transfer.ts";

/** What the pump tells and asks its flow. */
export type PumpEvents = {
  /** Where the bytes are of what came by a message; null: nothing of the flow comes by messages. */
  originOf: OriginOf | null;
  /** The source has to be looked at again: a file changed or went while it was being sent. */
  look: (paths: RelPath[]) => void;
  /** What is written of an attempt that ends so. */
  ending?: (transfer: ClaimedTransfer, outcome: Outcome) => Outcome;
  /** Right before a rename or removal: how it ends instead, since the source is another by now; null: it is to be made. */
  overtaken?: (transfer: ClaimedTransfer) => Promise<Outcome | null>;
  delivered: (transfer: ClaimedTransfer, outcome: Outcome & { kind: "delivered" }, startedAtMs: number) => void;
  failed: (transfer: ClaimedTransfer, outcome: Outcome) => void;
  /** In the transaction that writes ends. */
  recording?: (held: EndedAttempt[]) => void;
  /** After ends were written. */
  recorded: () => void;
  /** Why a removal must not be made at the destination now; null: it may. */
  refuseRemoval: (transfer: ClaimedTransfer) => string | null;
  /** The ledger cannot be written: nothing can go on. */
  broken: (error: unknown) => void;
};
