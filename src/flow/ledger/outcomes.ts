import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import type { HotdirError } from "../../kernel/errors.ts";
import { never } from "../../kernel/errors.ts";
import { formatAge } from "../../kernel/readable.ts";
import type { Method, Receipt } from "../receipt.ts";
import { BULK_ABOVE_BYTES, type ClaimedTransfer } from "../transfer.ts";
import type { Database } from "./database.ts";
import { forgetMessage } from "./messages.ts";
import { directoryIsWanted, isReplaced, REPLACED } from "./replaced.ts";

/**
 * How an attempt ended. `litter`: something under its inflight name may still be at the destination. What attempts before
 * it left, it does not know.
 */
export type Outcome =
  | { kind: "delivered"; receipt: Receipt; method: Method; retain: { kind: "keep" } | { kind: "due"; at: SteadyMs } }
  | { kind: "back-off"; error: HotdirError; dueAt: SteadyMs; litter: boolean }
  /** `away`: the origin of its file is out of reach. */
  | { kind: "hand-back"; reason: string; dueAt: SteadyMs; litter: boolean; away?: HotdirError }
  | { kind: "give-up"; error: HotdirError; litter: boolean }
  /** The message that it came by goes back to its queue, and comes again to any host after about so long; `counted`: as one that failed. */
  | { kind: "give-back"; error: HotdirError; afterMs: number; litter: boolean; counted: boolean }
  | { kind: "superseded"; reason: string; litter: boolean };

export type EndedAttempt = { transfer: ClaimedTransfer; outcome: Outcome; startedAtMs: WallMs; bytes: number };

const FENCED = "WHERE id = ? AND state = 'sending' AND run = ? AND attempt = ?";
const DELIVERED = `UPDATE transfer SET state = 'delivered', run = NULL, ended_at = ?, litter = (attempt > 1), basis = ?, algorithm = ?, digest = ?, durable = ?, method = ?, retain = ?, retain_at = ? ${FENCED}`;

/**
 * Writes the ends of attempts in one transaction. Returns those that had lost their fence: nothing was written for them.
 * One that failed while a newer version of its path was seen does not go back to the queue behind that version (P7):
 * it ends as superseded, and its `outcome` says so.
 */
export function recordOutcomes(db: Database, ended: EndedAttempt[], at: WallMs): EndedAttempt[] {
  return db.transaction(() => ended.filter((attempt) => !recordOutcome(db, attempt, at)));
}

function recordOutcome(db: Database, ended: EndedAttempt, at: WallMs): boolean {
  const { transfer } = ended;
  const outcome = unlessReplaced(db, ended);
  const fence = [transfer.id, transfer.fence.run, transfer.fence.attempt] as const;
  if (applyOutcome(db, outcome, fence, at) !== 1) return false;
  ended.outcome = outcome;
  const detail = "error" in outcome ? outcome.error.message : "reason" in outcome ? outcome.reason : null;
  const name = "error" in outcome ? outcome.error.code : outcome.kind;
  db.run(
    "INSERT INTO attempt (transfer, attempt, started_at, ended_at, bytes, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
    transfer.id,
    transfer.fence.attempt,
    ended.startedAtMs,
    at,
    ended.bytes,
    name,
    detail,
  );
  if (outcome.kind === "give-back") forgetMessage(db, transfer.id);
  if (outcome.kind === "delivered" && transfer.change.kind === "put" && transfer.change.version.sizeBytes > BULK_ABOVE_BYTES)
    db.run("DELETE FROM segment WHERE transfer = ?", transfer.id);
  return true;
}

/** A rename, or the removal of a file, also concerns what is there already, so it stays whatever came after it. */
function unlessReplaced(db: Database, { transfer, outcome }: EndedAttempt): Outcome {
  if (outcome.kind === "delivered" || outcome.kind === "superseded") return outcome;
  const { id, change } = transfer;
  const stays = change.kind === "rename" || change.kind === "delete";
  if (stays || !(change.kind === "rmdir" ? directoryIsWanted(db, id) : isReplaced(db, id))) return outcome;
  return { kind: "superseded", reason: change.kind === "rmdir" ? "the directory is there again" : REPLACED, litter: outcome.litter };
}

function applyOutcome(db: Database, outcome: Outcome, fence: readonly [number, number, number], at: WallMs): number {
  switch (outcome.kind) {
    case "delivered": {
      const { proof, durable } = outcome.receipt;
      const digest = proof.basis === "digest" ? proof.digest : null;
      return db.run(
        DELIVERED,
        at,
        proof.basis,
        digest?.algorithm ?? null,
        digest === null ? null : Buffer.from(digest.hex, "hex"),
        durable ? 1 : 0,
        outcome.method,
        outcome.retain.kind === "due" ? "due" : null,
        outcome.retain.kind === "due" ? Math.round(outcome.retain.at) : null,
        ...fence,
      );
    }
    case "back-off":
      return db.run(
        `UPDATE transfer SET state = 'queued', run = NULL, due_at = ?, failures = failures + 1, litter = (? OR attempt > 1), code = ?, reason = ? ${FENCED}`,
        Math.round(outcome.dueAt),
        outcome.litter ? 1 : 0,
        outcome.error.code,
        outcome.error.message,
        ...fence,
      );
    case "hand-back":
      return db.run(
        `UPDATE transfer SET state = 'queued', run = NULL, due_at = ?, litter = (? OR attempt > 1), reason = ? ${FENCED}`,
        Math.round(outcome.dueAt),
        outcome.litter ? 1 : 0,
        outcome.reason,
        ...fence,
      );
    case "give-up":
      return db.run(
        `UPDATE transfer SET state = 'dead', run = NULL, ended_at = ?, failures = failures + 1, litter = (? OR attempt > 1), code = ?, reason = ? ${FENCED}`,
        at,
        outcome.litter ? 1 : 0,
        outcome.error.code,
        outcome.error.message,
        ...fence,
      );
    case "give-back":
      return db.run(
        `UPDATE transfer SET state = 'superseded', run = NULL, ended_at = ?, litter = (? OR attempt > 1), code = NULL, reason = ? ${FENCED}`,
        at,
        outcome.litter ? 1 : 0,
        `${outcome.error.message}; its message is back in the queue, and comes again to any host in about ${formatAge(outcome.afterMs)}`,
        ...fence,
      );
    case "superseded":
      return db.run(
        `UPDATE transfer SET state = 'superseded', run = NULL, ended_at = ?, litter = (? OR attempt > 1), code = NULL, reason = ? ${FENCED}`,
        at,
        outcome.litter ? 1 : 0,
        outcome.reason,
        ...fence,
      );
    default:
      return never(outcome);
  }
}

/**
 * Dead letters go back to the queue, with all their tries before them again. Returns how many. A row of a table that cannot be understood has nothing
 * that could be sent: it is followed once somebody has corrected it.
 */
export function revive(db: Database, ids: number[], at: SteadyMs): number {
  return db.transaction(() => {
    let revived = 0;
    for (const id of ids)
      revived += db.run(
        "UPDATE transfer SET state = 'queued', due_at = ?, ended_at = NULL, failures = 0 WHERE id = ? AND state = 'dead' AND code <> 'row-unusable'",
        Math.round(at),
        id,
      );
    return revived;
  });
}
