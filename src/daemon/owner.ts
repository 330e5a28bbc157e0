import { join } from "node:path";
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

/** Throws `state-failed` once the state directory was removed, or put back from elsewhere: what is written now is kept nowhere. */
export function stillOwns(stateDirectory: string): void {
  if (ownerOf(stateDirectory)?.pid === process.pid) return;
  throw new HotdirError("state-failed", {
    operation: "keep",
    path: bytesOfText(stateDirectory),
    detail:
      "the state directory was removed or replaced while the daemon ran; start hotdir again: what is at the destination already is found there",
  });
}

function ownerFile(stateDirectory: string): string {
  return join(stateDirectory, "owner.lock");
}
