import { readdirSync } from "node:fs";
import { type AbsPath, type Bytes, bytesOf, fsPath, join, type RelPath } from "../../kernel/path.ts";

/** All that is no directory below a directory, as Python's `os.walk` has it: no symlink is followed. A directory that cannot be read is left out. */
export function* filesBelow(directory: AbsPath, prefix: Bytes = "" as Bytes): Generator<RelPath> {
  for (const entry of entriesOf(prefix === "" ? directory : join(directory, prefix))) {
    const path = join(prefix, bytesOf(entry.name));
    if (entry.isDirectory()) yield* filesBelow(directory, path);
    else yield path as RelPath;
  }
}

function entriesOf(directory: AbsPath) {
  try {
    return readdirSync(fsPath(directory), { withFileTypes: true, encoding: "buffer" });
  } catch {
    return [];
  }
}
