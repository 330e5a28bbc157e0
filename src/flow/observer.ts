import type { Clock } from "../kernel/clock.ts";
import type { RelPath } from "../kernel/path.ts";
import type { Outcome } from "./ledger/outcomes.ts";
import type { Change, ClaimedTransfer } from "./transfer.ts";

/** Who counts and tells what flows do (metrics, alerts). Called after it is durable; must be quick, and cannot fail. */
export interface FlowObserver {
  /** `lagMs`: from when the change was seen (its writer's close, say) to its receipt. */
  delivered(flow: string, of: { kind: Change["kind"]; sizeBytes: number; lagMs: number }): void;
  /** An attempt ended without a receipt. `code`: of `kernel/error-codes.ts`, or how it ended (`hand-back`, `superseded`). */
  failed(flow: string, of: { code: string; path: RelPath }): void;
  /** A transfer will not be tried again until a person says so. Its attempt was told by `failed` before. */
  dead(flow: string, of: { path: RelPath; code: string; reason: string }): void;
}

export function tellDelivered(observers: FlowObserver[], flow: string, { change, seenAtMs }: ClaimedTransfer, clock: Clock): void {
  const sizeBytes = change.kind === "put" ? change.version.sizeBytes : 0;
  const lagMs = Math.max(0, clock.wall() - seenAtMs);
  for (const observer of observers) observer.delivered(flow, { kind: change.kind, sizeBytes, lagMs });
}

export function tellFailed(observers: FlowObserver[], flow: string, { change: { path } }: ClaimedTransfer, outcome: Outcome): void {
  const code = "error" in outcome ? outcome.error.code : outcome.kind;
  for (const observer of observers) {
    observer.failed(flow, { code, path });
    if (outcome.kind === "give-up") observer.dead(flow, { path, code, reason: outcome.error.message });
  }
}
