import type { ErrorCode } from "../../kernel/error-codes.ts";
import { never } from "../../kernel/errors.ts";
import type { SteadyMs } from "../../kernel/clock.ts";

/**
 * The life of a transfer. Pure: no clock, no disk. `schema.ts` repeats the rules as CHECK
 * constraints and triggers; `states.test.ts` holds the complete table.
 *
 *   settling ──settle──▶ queued ──claim──▶ sending ──deliver──▶ delivered
 *       ▲                  │ ▲               │  │
 *       └────unsettle──────┘ └──back-off─────┘  └──give-up──▶ dead ──revive──▶ queued
 *                            └──hand-back────┘
 *   settling | queued | sending | dead ──supersede──▶ superseded          ignored: recorded, never sent
 */
export const transferStates = ["settling", "queued", "sending", "delivered", "superseded", "ignored", "dead"] as const;
export type StateName = (typeof transferStates)[number];

/** Who holds a transfer while it is sent: a run of the daemon, and how often the transfer was claimed. A write with another fence changes nothing. */
export type Fence = { run: number; attempt: number };

/** `attempts`: how often it was claimed. `failures`: how many of these ended by the file's own fault; only they count against `retry.attempts`. */
export type Tries = { attempts: number; failures: number };

export type TransferState =
  /** The file is seen and not known to be complete; looked at again at `dueAt` (null: only an event can tell). */
  | { state: "settling"; dueAt: SteadyMs | null; tries: Tries }
  | { state: "queued"; dueAt: SteadyMs; tries: Tries }
  | { state: "sending"; run: number; tries: Tries }
  | { state: "delivered"; tries: Tries }
  | { state: "superseded"; reason: string; tries: Tries }
  | { state: "ignored"; reason: string; tries: Tries }
  | { state: "dead"; code: ErrorCode; reason: string; tries: Tries };

export type TransferEvent =
  | { event: "settle"; at: SteadyMs }
  | { event: "unsettle"; dueAt: SteadyMs | null }
  | { event: "claim"; run: number }
  | { event: "deliver"; fence: Fence }
  /** The attempt failed by the file's own fault: it counts. */
  | { event: "back-off"; fence: Fence; dueAt: SteadyMs }
  /** The attempt ended by no fault of the file (an outage, a stop): it does not count. */
  | { event: "hand-back"; fence: Fence; dueAt: SteadyMs }
  | { event: "give-up"; fence: Fence; code: ErrorCode; reason: string }
  /** The path has a newer version, or is gone. A transfer that is being sent is superseded by its own attempt, which carries its fence. */
  | { event: "supersede"; reason: string; fence?: Fence }
  | { event: "revive"; at: SteadyMs };

export const noTries: Tries = { attempts: 0, failures: 0 };

/** null: this event does not apply in this state, and nothing changes (a late answer, a lost fence). */
export function transition(now: TransferState, happened: TransferEvent): TransferState | null {
  const { tries } = now;
  switch (happened.event) {
    case "settle":
      return now.state === "settling" ? { state: "queued", dueAt: happened.at, tries } : null;
    case "unsettle":
      return now.state === "settling" || now.state === "queued" ? { state: "settling", dueAt: happened.dueAt, tries } : null;
    case "claim":
      return now.state === "queued" ? { state: "sending", run: happened.run, tries: { ...tries, attempts: tries.attempts + 1 } } : null;
    case "deliver":
      return heldBy(now, happened.fence) ? { state: "delivered", tries } : null;
    case "back-off":
      return heldBy(now, happened.fence) ? { state: "queued", dueAt: happened.dueAt, tries: failedOnce(tries) } : null;
    case "hand-back":
      return heldBy(now, happened.fence) ? { state: "queued", dueAt: happened.dueAt, tries } : null;
    case "give-up":
      return heldBy(now, happened.fence) ? { state: "dead", code: happened.code, reason: happened.reason, tries: failedOnce(tries) } : null;
    case "supersede":
      return mayBeSuperseded(now, happened.fence) ? { state: "superseded", reason: happened.reason, tries } : null;
    case "revive":
      return now.state === "dead" ? { state: "queued", dueAt: happened.at, tries: { ...tries, failures: 0 } } : null;
    default:
      return never(happened);
  }
}

/** With a fence it is the end of an attempt, which must still hold the transfer. */
function mayBeSuperseded(now: TransferState, fence: Fence | undefined): boolean {
  if (fence !== undefined) return heldBy(now, fence);
  switch (now.state) {
    case "settling":
    case "queued":
    case "dead":
      return true;
    case "sending":
    case "delivered":
    case "superseded":
    case "ignored":
      return false;
    default:
      return never(now);
  }
}

function heldBy(now: TransferState, fence: Fence): boolean {
  return now.state === "sending" && now.run === fence.run && now.tries.attempts === fence.attempt;
}

function failedOnce(tries: Tries): Tries {
  return { ...tries, failures: tries.failures + 1 };
}

/** Not ended: the destination is not yet as the change wants it. */
export const openStates = ["settling", "queued", "sending"] as const satisfies StateName[];
