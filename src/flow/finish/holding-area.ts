import { constants } from "node:fs";
import { copyFile, link, lstat, mkdir, open, unlink } from "node:fs/promises";
import { dirname } from "node:path/posix";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, fsPath, join } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import type { SourceReader } from "../read/source-reader.ts";
import { holdingName } from "./capture-name.ts";
import { giveName, hasNoHardLinks, identityAt } from "./names.ts";

/** A captured file that is to be held: `wanted` is where, if the name is free. */
export type Holding = { capture: AbsPath; wanted: AbsPath; transfer: number; digest: Digest };

/** Same relative path below the holding area; a different file there is never overwritten: this one gets a number. Where it is now. */
export async function moveToHold(holding: Holding, reader: SourceReader): Promise<AbsPath> {
  const { capture, wanted, digest } = holding;
  await mkdir(fsPath(dirname(wanted) as AbsPath), { recursive: true });
  for (let number = 0; ; number++) {
    const target = numbered(wanted, number);
    if ((await identityAt(target)) === null) {
      if (!(await placeInHold(holding, target, reader))) continue;
    } else if (!(await holds(target, digest, reader))) continue;
    // Also where a kill left the file under both of its names.
    await removeIfThere(partialOf(holding));
    await unlink(fsPath(capture));
    return target;
  }
}

/** Where the holding area has this content under this path; null: nowhere. For a removal whose end nobody wrote down. */
export async function findHeld(wanted: AbsPath, digest: Digest, reader: SourceReader): Promise<AbsPath | null> {
  for (let number = 0; (await identityAt(numbered(wanted, number))) !== null; number++) {
    if (await holds(numbered(wanted, number), digest, reader)) return numbered(wanted, number);
  }
  return null;
}

function numbered(wanted: AbsPath, number: number): AbsPath {
  return (number === 0 ? wanted : `${wanted}.~${number}~`) as AbsPath;
}

/** Of this transfer only: whatever else is in the holding area is somebody's. */
function partialOf({ wanted, transfer, digest }: Holding): AbsPath {
  return join(dirname(wanted) as AbsPath, holdingName(transfer, digest));
}

async function holds(target: AbsPath, digest: Digest, reader: SourceReader): Promise<boolean> {
  const held = await reader.digest({ path: target, boundary: null, follow: false }, null, digest.algorithm);
  return held.kind === "digest" && held.hex === digest.hex;
}

async function removeIfThere(path: AbsPath): Promise<void> {
  if ((await identityAt(path)) !== null) await unlink(fsPath(path));
}

/** `false`: something came to be under that name meanwhile. */
async function placeInHold(holding: Holding, target: AbsPath, reader: SourceReader): Promise<boolean> {
  try {
    await link(fsPath(holding.capture), fsPath(target));
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    if (errnoOf(error) !== "EXDEV" && !hasNoHardLinks(error)) throw error;
  }
  return await copyAcross(holding, target, reader);
}

/** The holding area is on another file system: copied, made durable, read back, then named, and the name made durable too. */
async function copyAcross(holding: Holding, target: AbsPath, reader: SourceReader): Promise<boolean> {
  const { capture, digest } = holding;
  const partial = partialOf(holding);
  // What a kill left, and never through a symlink.
  await removeIfThere(partial);
  await copyFile(fsPath(capture), fsPath(partial), constants.COPYFILE_EXCL);
  const from = await lstat(fsPath(capture));
  {
    await using copy = await open(fsPath(partial), constants.O_RDWR | constants.O_NOFOLLOW);
    await copy.utimes(from.atimeMs / 1000, from.mtimeMs / 1000);
    await copy.chmod(from.mode & 0o7777);
    await copy.sync();
  }
  if (!(await holds(partial, digest, reader))) throw new Error("the copy in the holding area reads back otherwise");
  try {
    await giveName(partial, target);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    await removeIfThere(partial);
    return false;
  }
  await using directory = await open(fsPath(dirname(target) as AbsPath), constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
  return true;
}
