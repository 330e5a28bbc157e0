import { HotdirError, hasCode } from "../../kernel/errors.ts";
import { type Bytes, join } from "../../kernel/path.ts";
import type { Files } from "./contract.ts";

/**
 * Renames a directory at the destination, also where the new name is taken by a directory that is
 * not empty: what a look at the new name found was sent before the rename was told. Then what lies
 * under the new name stays, as the newer, and only what it lacks moves there.
 * @param dropsOld whether an old name whose new one is taken is removed; otherwise it stays where it was.
 */
export async function moveDirectory(files: Files, from: Bytes, to: Bytes, dropsOld: boolean): Promise<void> {
  try {
    await files.replace(from, to);
  } catch (error) {
    if (!hasCode(error, "wrong-type", "not-empty", "exists", "refused") || !(await areDirectories(files, from, to))) throw error;
    await merge(files, from, to, dropsOld);
  }
}

async function areDirectories(files: Files, from: Bytes, to: Bytes): Promise<boolean> {
  const [old, there] = await Promise.all([files.lstat(from), files.lstat(to)]);
  return old?.kind === "directory" && there?.kind === "directory" && !`${to}/`.startsWith(`${from}/`);
}

/** As deep as a path can be, which bounds it. */
async function merge(files: Files, from: Bytes, to: Bytes, dropsOld: boolean): Promise<void> {
  for (const { name, facts } of await files.list(from)) {
    const old = join(from, name);
    const there = await files.lstat(join(to, name));
    if (there === null) await files.replace(old, join(to, name));
    else if (facts.kind === "directory" && there.kind === "directory") await merge(files, old, join(to, name), dropsOld);
    else if (facts.kind !== "directory" && dropsOld) await files.remove(old);
  }
  await files.rmdir(from).catch((error: unknown) => {
    if (!(error instanceof HotdirError) || error.code !== "not-empty") throw error;
  });
}
