import { closeSync, constants, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { readIfThere } from "./durable-file.ts";
import { HotdirError, messageOf } from "./errors.ts";
import { tryLock } from "./native.ts";
import { bytesOfText } from "./path.ts";
import { isAlive, ownIdentity, type ProcessIdentity, readIdentity, writeIdentity } from "./process-identity.ts";

/**
 * Held until it is disposed of or the process ends, however it ends. null: another process has it. Throws
 * `own-file-failed`; then nobody holds it by that.
 */
export function takeLock(path: string): Disposable | null {
  let descriptor: number | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (!tryLock(descriptor)) {
      closeSync(descriptor);
      return null;
    }
    sign(descriptor);
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    throw new HotdirError("own-file-failed", { operation: "lock", path: bytesOfText(path), detail: messageOf(error), cause: error });
  }
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}

function sign(descriptor: number): void {
  const line = `${writeIdentity(ownIdentity())}\n`;
  // Shortened after the write, so that nobody reads an empty file who looks between the two.
  writeSync(descriptor, line, 0);
  ftruncateSync(descriptor, Buffer.byteLength(line));
}

/**
 * The live process that wrote itself into the lock file; null: nobody holds it. Looks without taking
 * the lock, so that a look never keeps anybody from starting.
 */
export function lockHolder(path: string): ProcessIdentity | null {
  const identity = readIdentity(readIfThere(path) ?? "");
  return identity !== null && isAlive(identity) ? identity : null;
}
