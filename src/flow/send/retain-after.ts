import type { SteadyMs } from "../../kernel/clock.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { FlowSettings } from "../settings.ts";
import { directoryOfUrl } from "../source-file.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { type Result, wantsDurable } from "./context.ts";

/**
 * When the source of a delivered file may go: only on bytes that were read back, and that are durable
 * where that was wanted (P4). Pure.
 */
export function retainAfter(
  settings: FlowSettings,
  { change, origin, file }: ClaimedTransfer,
  { receipt }: Result & { kind: "delivered" },
  now: SteadyMs,
): (Outcome & { kind: "delivered" })["retain"] {
  const { retain } = settings;
  const removable = (change.kind === "put" || change.kind === "rename") && receipt.proof.basis === "digest";
  // What is elsewhere, or was in the message, is not ours to remove; nor is what somebody named, unless by a row, which says whether it may go.
  const isNamed = file !== null && settings.source.kind !== "table";
  const isHere = !isNamed && (origin === null || (!origin.content && directoryOfUrl(origin.baseUrl) !== null));
  const safe = receipt.durable || !wantsDurable(settings);
  if (retain.kind === "keep" || !removable || !isHere || !safe) return { kind: "keep" };
  return { kind: "due", at: now + (retain.kind === "delete" ? retain.afterMs : 0) };
}
