import { type Dirent, readdirSync } from "node:fs";

/** Byte strings (one character per byte), by our own means: the oracle shares no code with what it judges. */
export const toBuffer = (path: string): Buffer => Buffer.from(path, "latin1");
export const toPath = (bytes: Buffer): string => bytes.toString("latin1");

export type Entry = { path: string; kind: "file" | "directory" | "symlink" | "other" };

/** All that is below `root`, as paths relative to it, a directory before what it holds. What goes meanwhile is left out. */
export function* walk(root: string, below = ""): Generator<Entry> {
  const here = below === "" ? root : `${root}/${below}`;
  for (const entry of list(here)) {
    const name = toPath(entry.name);
    const path = below === "" ? name : `${below}/${name}`;
    yield { path, kind: kindOf(entry) };
    if (entry.isDirectory()) yield* walk(root, path);
  }
}

export function list(directory: string): Dirent<Buffer>[] {
  try {
    return readdirSync(toBuffer(directory), { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function kindOf(entry: Dirent<Buffer>): Entry["kind"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "other";
}

/** Also where a directory above it is a file or a symlink by now. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR" || error.code === "ELOOP");
}
