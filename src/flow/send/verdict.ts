import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { SteadyMs } from "../../kernel/clock.ts";
import { errorCodes } from "../../kernel/error-codes.ts";
import type { HotdirError } from "../../kernel/errors.ts";
import { never } from "../../kernel/errors.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { FlowSettings } from "../settings.ts";

/** A transfer whose origin is out of reach is tried again so soon at first, and at the latest after so long: each try is a row. */
const ORIGIN_BACKOFF: Backoff = { minMs: 2000, maxMs: 120_000 };
/** A source that is being written is looked at again after so long. */
const CHANGED_AGAIN_MS = 500;

/**
 * What a failed try means for the transfer. Only faults of the file itself count against
 * `retry.attempts`; an outage costs none. A refusal without a reason counts only when other files
 * got through since this one was last tried: else it may be the destination's (a quota, say). Pure.
 */
export function verdict(
  error: HotdirError,
  facts: {
    failures: number;
    /** Tries so far, counted or not. */
    attempts: number;
    litter: boolean;
    /** Its file is named by somebody who says that it is complete: that it is gone or changes is a fault, and counts. */
    named?: boolean;
    othersGotThrough: boolean;
    retry: FlowSettings["retry"];
    now: SteadyMs;
    random?: () => number;
  },
): Outcome {
  const { litter, now, retry } = facts;
  const failures = facts.failures + 1;
  const backOffUntil = now + backoffDelayMs(retry.backoff, failures, facts.random);
  const scope = error.scope;
  switch (scope) {
    case "connection":
    case "destination":
    case "daemon":
      return { kind: "hand-back", reason: error.message, dueAt: now, litter };
    case "origin":
      return {
        kind: "hand-back",
        reason: error.message,
        dueAt: now + backoffDelayMs(ORIGIN_BACKOFF, facts.attempts, facts.random),
        litter,
        away: error,
      };
    case "unclear":
      if (!facts.othersGotThrough) return { kind: "hand-back", reason: error.message, dueAt: backOffUntil, litter };
      break;
    case "file":
      break;
    default:
      never(scope);
  }
  const isNamed = facts.named === true;
  if (error.code === "source-gone" && !isNamed)
    return { kind: "superseded", reason: "removed at the source before it was delivered", litter };
  if (error.code === "source-changed" && !isNamed)
    return { kind: "hand-back", reason: error.message, dueAt: now + CHANGED_AGAIN_MS, litter };
  const mayHeal = errorCodes[error.code].retry === "backoff" || (error.code === "source-gone" && isNamed);
  if (!mayHeal || failures >= retry.attemptsMax) return { kind: "give-up", error, litter };
  return { kind: "back-off", error, dueAt: backOffUntil, litter };
}
