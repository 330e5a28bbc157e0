import { lstat, opendir, rmdir } from "node:fs/promises";
import type { WallMs } from "../../kernel/clock.ts";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, type Bytes, fsPath, join, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import { nameIn, Standing } from "../read/standing.ts";

export type SweepOptions = {
  olderThanMs: number;
  now: WallMs;
  stopped: () => boolean;
  /** Whether what was in it went by our own doing: an empty directory that somebody made is theirs. */
  emptied: (path: RelPath) => boolean;
  before: (path: RelPath) => void;
};

/**
 * Removes directories below the root that we emptied and that are unchanged for a time, the deepest
 * first. `rmdir` itself refuses one that is not empty, so nothing that comes meanwhile can be lost.
 */
export async function removeEmptyDirectories(root: AbsPath, options: SweepOptions): Promise<void> {
  using standing = new Standing(root);
  await sweep(standing, "", options);
}

/** Whether the directory is empty now. */
async function sweep(standing: Standing, path: RelPath | "", options: SweepOptions): Promise<boolean> {
  let empty = true;
  const here = standing.stand(path);
  if (here < 0) return false;
  let entries;
  try {
    entries = await opendir(nameIn(here, "." as Bytes), { encoding: "latin1" as BufferEncoding });
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "EACCES") return false;
    throw error;
  }
  for await (const entry of entries) {
    if (options.stopped()) return false;
    const child = join(path as RelPath, entry.name as Bytes);
    const gone = entry.isDirectory() && (await sweep(standing, child, options)) && (await removeOld(standing, child, options));
    if (!gone) empty = false;
  }
  return empty;
}

const STAYS = ["ENOTEMPTY", "ENOENT", "ENOTDIR", "EACCES", "EPERM", "EBUSY"];

async function removeOld(standing: Standing, path: RelPath, options: SweepOptions): Promise<boolean> {
  const parent = standing.stand(parentOf(path));
  if (parent < 0) return false;
  const directory = fsPath(nameIn(parent, nameOf(path)));
  try {
    if (options.now - (await lstat(directory)).mtimeMs < options.olderThanMs || !options.emptied(path)) return false;
    options.before(path);
    await rmdir(directory);
    return true;
  } catch (error) {
    if (STAYS.includes(errnoOf(error) ?? "")) return false;
    throw error;
  }
}
