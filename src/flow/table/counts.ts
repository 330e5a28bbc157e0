import type { ErrorCode } from "../../kernel/error-codes.ts";
import type { Outcome } from "../ledger/outcomes.ts";

/** What SupRsync counts, since the process began. */
export type TableCounts = {
  /** How often the table was asked whether anything changed. */
  iterations: number;
  copies: number;
  /** Attempts that ended since nothing moved, and those that failed otherwise. */
  errorsTimeout: number;
  errorsNonzero: number;
  /** How often the table could not be used. */
  errorsSqlite: number;
};

const timeouts: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["connection-stalled", "not-in-time"]);

export function countOutcome(counts: TableCounts, outcome: Outcome): void {
  if (outcome.kind === "delivered") counts.copies++;
  else if (outcome.kind === "back-off" || outcome.kind === "give-up") {
    if (timeouts.has(outcome.error.code)) counts.errorsTimeout++;
    else counts.errorsNonzero++;
  }
}
