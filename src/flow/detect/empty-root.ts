import { opendirSync } from "node:fs";
import { type Bytes, fsPath } from "../../kernel/path.ts";

/** Whether nothing is in a directory, or it cannot be looked into: then nothing can be said of what was removed from it. */
export function isEmptyOrGone(root: Bytes): boolean {
  try {
    const directory = opendirSync(fsPath(root));
    try {
      return directory.readSync() === null;
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    return error instanceof Error;
  }
}
