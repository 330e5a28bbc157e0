import { opendir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { errnoOf, messageOf } from "../kernel/errors.ts";

/** What stands below a root. `young`: somebody changed it a moment ago. `skipped`: it cannot be registered. */
export type Found =
  | { kind: "file"; path: string; remotePath: string }
  | { kind: "young"; path: string }
  | { kind: "skipped"; path: string; why: string };

/**
 * All files below a root, a directory at a time. Links to files count as files, links to directories are not followed. `except`: paths that
 * are passed over. Throws only where the root itself cannot be read.
 */
export async function* localFiles(root: string, options: { changedBeforeMs: number; except: readonly string[] }): AsyncGenerator<Found> {
  const directories = [root];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    try {
      for await (const entry of await opendir(directory)) {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) directories.push(path);
        else if (!options.except.includes(path)) yield* look(path, root, options.changedBeforeMs);
      }
    } catch (error) {
      if (directory === root) throw error;
      yield { kind: "skipped", path: directory, why: messageOf(error) };
    }
  }
}

async function* look(path: string, root: string, changedBeforeMs: number): AsyncGenerator<Found> {
  if (path.includes("\ufffd")) {
    yield { kind: "skipped", path, why: "its name is not UTF-8, and the table holds text: rename it" };
    return;
  }
  try {
    const found = await stat(path);
    // A link to a directory is neither.
    if (found.isDirectory()) return;
    if (!found.isFile()) yield { kind: "skipped", path, why: "it is neither a file nor a directory" };
    else if (found.mtimeMs > changedBeforeMs) yield { kind: "young", path };
    else yield { kind: "file", path, remotePath: relative(root, path) };
  } catch (error) {
    yield { kind: "skipped", path, why: errnoOf(error) === "ENOENT" ? "it is gone, or a link to nothing" : messageOf(error) };
  }
}
