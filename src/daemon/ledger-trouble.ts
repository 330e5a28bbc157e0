import { ledgerFile } from "../flow/ledger/database.ts";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";

/** SQLite's primary result codes (sqlite.org/rescode.html), and what a person does about each. */
const advice: Record<number, string> = {
  5: "another process keeps its lock: find it with 'fuser -v' on this file and end it",
  6: "another process keeps its lock: find it with 'fuser -v' on this file and end it",
  8: "it is read-only: see its permissions, and how its file system is mounted",
  10: "its disk fails: see the kernel's log and the free space",
  11: "the file is damaged: keep a copy of it",
  13: "its disk is full: make room there",
};

/** Tells a failure of SQLite as one of ours, with what to do. Anything else stays what it is. */
export function ledgerTrouble(error: unknown, stateDirectory: string): unknown {
  if (!(error instanceof Error) || errnoOf(error) !== "ERR_SQLITE_ERROR") return error;
  const result = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
  const todo = advice[result] === undefined ? "" : `; ${advice[result]}`;
  return new HotdirError("state-failed", {
    operation: "write the ledger",
    path: bytesOfText(ledgerFile(stateDirectory)),
    detail: `${error.message}${todo}; then start hotdir again: it goes on from what the ledger holds, nothing is lost`,
    cause: error,
  });
}
