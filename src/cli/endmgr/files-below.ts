import { readdirSync } from "node:fs";
import { errnoOf, messageOf } from "../../kernel/errors.ts";
import { type AbsPath, type Bytes, bytesOf, fsPath, join, type RelPath } from "../../kernel/path.ts";

/** Is told of a directory that cannot be read, and why: it is left out. */
export type Unreadable = (directory: AbsPath, why: string) => void;

/** All that is no directory below a directory, as Python's `os.walk` has it: no symlink is followed. */
export function* filesBelow(directory: AbsPath, unreadable: Unreadable, prefix: Bytes = "" as Bytes): Generator<RelPath> {
  for (const entry of entriesOf(prefix === "" ? directory : join(directory, prefix), unreadable)) {
    const path = join(prefix, bytesOf(entry.name));
    if (entry.isDirectory()) yield* filesBelow(directory, unreadable, path);
    else yield path as RelPath;
  }
}

function entriesOf(directory: AbsPath, unreadable: Unreadable) {
  try {
    return readdirSync(fsPath(directory), { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    const errno = errnoOf(error);
    // Gone since its name was read: then there is nothing to be left out.
    if (errno !== "ENOENT") unreadable(directory, errno ?? messageOf(error));
    return [];
  }
}
