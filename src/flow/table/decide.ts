import type { ErrorCode } from "../../kernel/error-codes.ts";
import { never } from "../../kernel/errors.ts";
import type { StateName } from "../ledger/states.ts";
import type { TableRow } from "./row.ts";

/** What is at the file that a row names, symlinks followed. */
export type FileLook<Version> =
  | { kind: "file"; version: Version; mode: number }
  | { kind: "gone" }
  | { kind: "other" }
  | { kind: "unreadable"; code: string };

/** What a row asks for. */
export type RowDecision =
  /** `adopt`: somebody else says that it is there already; that is looked at first. */
  { do: "send"; adopt: boolean } | { do: "ignore"; reason: string } | { do: "bury"; code: ErrorCode; reason: string };

export type RowRules = {
  attemptsMax: number;
  /** Delivered files are to leave the source. */
  removes: boolean;
  /** Why the flow does not want its path; null: it does. */
  rejected: string | null;
  look: FileLook<unknown>["kind"];
  flow: string;
};

export function decideRow(row: TableRow, { attemptsMax, removes, rejected, look, flow }: RowRules): RowDecision {
  if (row.ignore) return { do: "ignore", reason: `row ${row.row} says that it is to be ignored` };
  if (row.unusable !== null) {
    const advice = "nothing of it is sent; correct the row, or set it to be ignored: either is noticed by itself";
    return { do: "bury", code: "row-unusable", reason: `row ${row.row}: ${row.unusable}; ${advice}` };
  }
  if (rejected !== null) return { do: "ignore", reason: rejected };
  if (row.verified) {
    const wanted = removes && row.removable && row.removedAtS === null && look !== "gone";
    return wanted
      ? { do: "send", adopt: true }
      : { do: "ignore", reason: `row ${row.row} says that another program has delivered and verified it` };
  }
  if (row.removedAtS !== null)
    return { do: "ignore", reason: `row ${row.row} says that its file was removed, and not that it was delivered` };
  if (row.failures < attemptsMax) return { do: "send", adopt: false };
  const reason = `row ${row.row} counts ${row.failures} failed attempts, and ${attemptsMax} are allowed; find out why, then 'hotdir retry -f ${flow}' begins anew and sets its count to 0`;
  return { do: "bury", code: "row-exhausted", reason };
}

/** How the ledger follows a row that was there before. `same`: its transfer is of the file, path and digest that the row names now. */
export type Following = {
  state: StateName;
  code: string | null;
  reason: string | null;
  same: boolean;
  /** What the row counted when it was last read or written. */
  failuresThere: number | null;
  /** An outcome is still to be written into the row. */
  owed: boolean;
};

export type Step =
  /** Nothing of it concerns us. */
  | { do: "keep" }
  /** It is being sent, or is to be written first: compared again then. */
  | { do: "later" }
  /** Somebody set its count. */
  | { do: "recount"; revive: boolean }
  /** It asks for something else than what is under way: that ends. */
  | { do: "end" }
  | { do: "begin"; adopt: boolean };

/** What a row that changed means for its transfer. */
export function stepOf(row: TableRow, decision: RowDecision, now: Following): Step {
  const { state, same } = now;
  if (state === "sending" || now.owed) return { do: "later" };
  switch (state) {
    case "settling":
    case "queued":
    case "dead":
      return openStep(row, decision, now);
    case "delivered":
      if (decision.do === "send") return same && row.verified ? { do: "keep" } : { do: "begin", adopt: same };
      return decision.do === "bury" && !(same && row.verified) ? { do: "begin", adopt: false } : { do: "keep" };
    case "superseded":
    case "ignored":
      return decision.do === "ignore" ? { do: "keep" } : { do: "begin", adopt: false };
    default:
      return never(state);
  }
}

function openStep(row: TableRow, decision: RowDecision, now: Following): Step {
  if (decision.do === "ignore") return { do: "end" };
  const dead = now.state === "dead";
  if (decision.do === "bury") {
    // That it failed too often is what we wrote there ourselves.
    const known = dead && (decision.code === "row-unusable" ? now.reason === decision.reason : now.same);
    return known ? { do: "keep" } : { do: "begin", adopt: false };
  }
  if (!now.same || (dead && now.code === "row-unusable")) return { do: "begin", adopt: false };
  return row.failures === now.failuresThere ? { do: "keep" } : { do: "recount", revive: dead };
}
