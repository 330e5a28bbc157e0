import { closeSync, constants, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { HotdirError } from "../kernel/errors.ts";
import { tryLock } from "../kernel/native.ts";
import { bytesOfText } from "../kernel/path.ts";

/**
 * The right to write a state directory, held by a lock that the kernel lets go of when the process
 * ends, however it ends. Throws `state-owned` while another process has it.
 */
export function takeOwnership(stateDirectory: string): Disposable {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const file = join(stateDirectory, "owner.lock");
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (!tryLock(descriptor)) {
    closeSync(descriptor);
    const pid = readFileSync(file, "utf8").trim();
    throw new HotdirError("state-owned", {
      operation: "take",
      path: bytesOfText(stateDirectory),
      detail: pid === "" ? "process unknown" : `process ${pid}`,
    });
  }
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, `${process.pid}\n`, 0);
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}
