import { statSync } from "node:fs";
import { join } from "node:path";
import { ledgerFile } from "../flow/ledger/database.ts";
import { HotdirError } from "../kernel/errors.ts";
import { lockHolder, takeLock } from "../kernel/lock-file.ts";
import { bytesOfText } from "../kernel/path.ts";
import type { ProcessIdentity } from "../kernel/process-identity.ts";

/**
 * The right to write a state directory, held by a lock that the kernel lets go of when the process
 * ends, however it ends. Throws `state-owned` while another process has it.
 */
export function takeOwnership(stateDirectory: string): Disposable {
  const lock = takeLock(ownerFile(stateDirectory));
  if (lock !== null) return lock;
  const owner = ownerOf(stateDirectory);
  throw new HotdirError("state-owned", {
    operation: "take",
    path: bytesOfText(stateDirectory),
    detail: owner === null ? "process unknown" : `process ${owner.pid}`,
  });
}

/** The process that owns the state directory now, if one does. */
export function ownerOf(stateDirectory: string): ProcessIdentity | null {
  return lockHolder(ownerFile(stateDirectory));
}

/** Which file the ledger is, whatever stands under its name later. */
export function ledgerIdentity(stateDirectory: string): string {
  const stat = statSync(ledgerFile(stateDirectory), { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.dev}:${stat.ino}`;
}

/**
 * Throws `state-failed` once the state directory or the ledger in it (`ledger`, as it was at the start) was removed, or put
 * back from elsewhere: what is written now is kept nowhere.
 */
export function stillOwns(stateDirectory: string, ledger: string): void {
  const directoryIsOurs = ownerOf(stateDirectory)?.pid === process.pid;
  if (directoryIsOurs && ledgerIdentity(stateDirectory) === ledger) return;
  throw new HotdirError("state-failed", {
    operation: "keep",
    path: bytesOfText(directoryIsOurs ? ledgerFile(stateDirectory) : stateDirectory),
    detail: `the ${directoryIsOurs ? "ledger" : "state directory"} was removed or replaced while the daemon ran; start hotdir again: what is at the destination already is found there`,
  });
}

function ownerFile(stateDirectory: string): string {
  return join(stateDirectory, "owner.lock");
}
