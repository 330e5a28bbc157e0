import { HotdirError } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import { changedMode, type Chmod } from "../chmod.ts";
import type { Files } from "./contract.ts";

/** The mode of a directory whose mode is not kept, before the changes that are asked for. */
export const DEFAULT_DIRECTORY_MODE = 0o755;

/** Its owner can always write into it: what is inside is still to come. */
const OWNER = 0o700;

const SET_GROUP_ID = 0o2000;

export function keptDirectoryMode(mode: number): number {
  return (mode & 0o7777) | OWNER;
}

/**
 * Changes the mode of a directory at the destination, from `base`, so that the far side's umask has no part in it. Where the directory
 * that it is in hands its group down, it does so too, as if chmod(1) had been run on it.
 */
export async function changeDirectoryMode(files: Files, path: Bytes, base: number, chmod: Chmod): Promise<void> {
  const found = await files.lstat(path);
  if (found?.kind !== "directory") throw new HotdirError("wrong-type", { operation: "mkdir", path });
  const mode = changedMode(base | (found.mode & SET_GROUP_ID), chmod, "directory") | OWNER;
  if (mode !== found.mode) await files.setAttributes(path, { mode });
}
