import { HotdirError } from "../../kernel/errors.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import { rowOfTransfer } from "../ledger/table-rows.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { type FollowContext, isUnseen } from "./follow-rows.ts";
import { removalDueAt } from "./removal-due.ts";

/** A file that was not seen when its row was read is looked at before it is tried again. */
const SEEN_SOON_MS = 500;

/** How an attempt for a row is written down: with what to do about it, and with the time that the row gives its file. */
export function endingOf(context: FollowContext, transfer: ClaimedTransfer, outcome: Outcome): Outcome {
  const { db, settings, clock } = context;
  switch (outcome.kind) {
    case "delivered": {
      if (outcome.retain.kind === "keep") return outcome;
      const row = rowOfTransfer(db, transfer.id);
      const at = row?.removable === true ? removalDueAt(settings.retain, row.registeredAtS, clock) : null;
      return { ...outcome, retain: at === null ? { kind: "keep" } : { kind: "due", at } };
    }
    case "back-off":
    case "give-up": {
      const { error, litter } = outcome;
      const { change } = transfer;
      if (error.code === "source-changed" && change.kind === "put" && isUnseen(change.version))
        return { kind: "hand-back", reason: error.message, dueAt: clock.steady() + SEEN_SOON_MS, litter };
      return { ...outcome, error: advised(error, rowOfTransfer(db, transfer.id)?.row ?? null) };
    }
    case "hand-back":
    case "give-back":
    case "superseded":
      return outcome;
  }
}

function advised(error: HotdirError, row: number | null): HotdirError {
  const advice = row === null ? null : adviceFor(error, row);
  if (advice === null) return error;
  const { code, operation, path, host, detail, cause } = error;
  const said = detail === undefined ? advice : `${detail}; ${advice}`;
  return new HotdirError(code, {
    operation,
    ...(path === undefined ? {} : { path }),
    ...(host === undefined ? {} : { host }),
    detail: said,
    cause,
  });
}

function adviceFor({ code }: HotdirError, row: number): string | null {
  switch (code) {
    case "source-differs":
    case "source-changed":
      return `it was changed after row ${row} registered it: register it anew with its sum of now, or set the row to be ignored`;
    case "source-gone":
      return `row ${row} names it: bring it back, or set the row to be ignored`;
    case "source-unreadable":
      return `row ${row} names it`;
    default:
      return null;
  }
}
