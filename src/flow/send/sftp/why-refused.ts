import { HotdirError, hasCode, messageOf } from "../../../kernel/errors.ts";
import type { ErrorCode } from "../../../kernel/error-codes.ts";
import type { Bytes } from "../../../kernel/path.ts";
import type { FileFacts, Space } from "../contract.ts";

/** What is asked to find out why; none of it changes anything. */
export type Witnesses = {
  lstat(path: Bytes): Promise<FileFacts | null>;
  space(path: Bytes): Promise<Space | null>;
  isEmpty(directory: Bytes): Promise<boolean>;
};

/** Below this a file system counts as full: servers keep a rest back, and a write is refused whole. */
const FULL_BYTES = 1024 * 1024;
const FULL_FILES = 4;

/**
 * A server's plain "Failure" hides the errno (`status.ts`). These look at the far side afterwards and
 * give the likely reason; where they find none, or the looking fails, the first error stays.
 */
export async function whyWriteRefused(error: unknown, path: Bytes, lengthBytes: number, witnesses: Witnesses): Promise<Error> {
  if (!hasCode(error, "refused")) return asError(error);
  const space = await witnesses.space(path).catch(() => null);
  if (space === null || !isFull(space, lengthBytes)) return asError(error);
  return another("destination-full", error, `${space.freeBytes} bytes and ${space.freeFiles} files are left`);
}

/** Some file systems do not count files and tell nought of nought. */
function isFull(space: Space, lengthBytes: number): boolean {
  return space.freeBytes < Math.max(FULL_BYTES, lengthBytes) || (space.totalFiles > 0 && space.freeFiles < FULL_FILES);
}

/** For what makes a new name: a thing that is there already, or no room for another. */
export async function whyNotMade(error: unknown, path: Bytes, witnesses: Witnesses): Promise<Error> {
  if (!hasCode(error, "refused")) return asError(error);
  const there = await witnesses.lstat(path).catch(() => null);
  if (there !== null) return another("exists", error, `a ${there.kind} is there`);
  return whyWriteRefused(error, parent(path), 0, witnesses);
}

/** For opening and renaming over something. */
export async function whyNotReplaced(error: unknown, path: Bytes, witnesses: Witnesses): Promise<Error> {
  if (!hasCode(error, "refused")) return asError(error);
  const there = await witnesses.lstat(path).catch(() => null);
  if (there !== null && there.kind !== "file" && there.kind !== "symlink") return another("wrong-type", error, `a ${there.kind} is there`);
  return whyWriteRefused(error, parent(path), 0, witnesses);
}

export async function whyNotRemoved(error: unknown, path: Bytes, witnesses: Witnesses): Promise<Error> {
  if (!hasCode(error, "refused", "permission-denied")) return asError(error);
  const there = await witnesses.lstat(path).catch(() => null);
  return there?.kind === "directory" ? another("wrong-type", error, "a directory is there") : error;
}

/** Takes "no such file" too: servers give it for a path that is no directory. null: nothing is there. */
export async function whyDirectoryNotRemoved(error: unknown, path: Bytes, witnesses: Witnesses): Promise<Error | null> {
  if (!hasCode(error, "refused", "not-found")) return asError(error);
  const there = await witnesses.lstat(path).catch(() => null);
  if (there === null) return hasCode(error, "not-found") ? null : error;
  if (there.kind !== "directory") return another("wrong-type", error, `a ${there.kind} is there`);
  return (await witnesses.isEmpty(path).catch(() => true)) ? error : another("not-empty", error, "something is inside");
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(messageOf(error));
}

function another(code: ErrorCode, error: HotdirError, detail: string): HotdirError {
  return new HotdirError(code, {
    operation: error.operation,
    ...(error.path === undefined ? {} : { path: error.path }),
    detail,
    cause: error,
  });
}

function parent(path: Bytes): Bytes {
  const slash = path.lastIndexOf("/");
  return (slash < 0 ? "" : slash === 0 ? "/" : path.slice(0, slash)) as Bytes;
}
