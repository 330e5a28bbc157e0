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

function ownerFile(stateDirectory: string): string {
  return join(stateDirectory, "owner.lock");
}
