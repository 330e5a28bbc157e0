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
  const facts = await statAt(path);
  return facts === null ? null : `${facts.dev}:${facts.ino}`;
}

/** Does not follow a symlink. null: nothing is there. */
export async function statAt(path: AbsPath): Promise<BigIntStats | null> {
  return await unlessNothing(lstat(fsPath(path), { bigint: true }));
}

/** Of what a symlink leads to. null: nothing is there. */
export async function targetAt(path: AbsPath): Promise<BigIntStats | null> {
  return await unlessNothing(stat(fsPath(path), { bigint: true }));
}

async function unlessNothing(looking: Promise<BigIntStats>): Promise<BigIntStats | null> {
  try {
    return await looking;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
}
