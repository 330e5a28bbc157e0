import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, HotdirError, messageOf } from "./errors.ts";
import { bytesOfText } from "./path.ts";

/**
 * Replaces a small file whole: whoever reads sees the old text or the new one, and after a power cut
 * too. Two that write at once leave the text of one of them. Its directory is not made: one that somebody removed must
 * not come back by a last word of whoever ran in it. Throws `own-file-failed`; then the old text is there.
 */
export function writeDurably(path: string, text: string, mode = 0o600): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    writeDraft(draft, text, mode);
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (error) {
    removeDraft(draft);
    throw new HotdirError("own-file-failed", { operation: "write", path: bytesOfText(path), detail: messageOf(error), cause: error });
  }
}

function writeDraft(draft: string, text: string, mode: number): void {
  const descriptor = openSync(draft, "w", mode);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A disk that is full is full of drafts otherwise. What failed first is what the caller hears of. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // `removeDrafts` sees to it later.
  }
}

/** null: there is no such file. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return null;
    throw error;
  }
}

/** Removes what writers that were killed half-way left in a directory. */
export function removeDrafts(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /\.json\.(\d+)\.new$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(directory, name), { force: true });
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
