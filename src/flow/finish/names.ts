import type { BigIntStats } from "node:fs";
import { link, lstat, rename, stat, unlink } from "node:fs/promises";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, fsPath } from "../../kernel/path.ts";

/** Renames, and rejects with EEXIST where the name is taken: a hard link never goes over another file. */
export async function giveName(from: AbsPath, to: AbsPath): Promise<void> {
  try {
    await link(fsPath(from), fsPath(to));
  } catch (error) {
    if (!hasNoHardLinks(error)) throw error;
    // Without hard links a moment is left between the look and the rename.
    if ((await identityAt(to)) !== null) throw Object.assign(new Error("EEXIST: the name is taken", { cause: error }), { code: "EEXIST" });
    return await rename(fsPath(from), fsPath(to));
  }
  await unlink(fsPath(from));
}

/** What file systems say that know no hard links, or no more of them for this file. */
export function hasNoHardLinks(error: unknown): boolean {
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errnoOf(error) ?? "");
}

/** `device:inode`. null: nothing is there. */

export async function identityAt(path: AbsPath): Promise<string | null> {
  const found = await statAt(path);
  return found === null ? null : `${found.dev}:${found.ino}`;
}

/** Does not follow a symlink. null: nothing is there. */
export async function statAt(path: AbsPath): Promise<BigIntStats | null> {
  return await statOrNull(lstat, path);
}

/** Of what a symlink leads to. null: nothing is there. */
export async function targetStatAt(path: AbsPath): Promise<BigIntStats | null> {
  return await statOrNull(stat, path);
}

async function statOrNull(look: typeof lstat, path: AbsPath): Promise<BigIntStats | null> {
  try {
    return await look(fsPath(path), { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
}
