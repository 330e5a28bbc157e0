import type { Stats } from "node:fs";
import type { FileFacts } from "../contract.ts";

export function factsOf(stats: Stats): FileFacts {
  return { kind: kindOf(stats), sizeBytes: stats.size, mtimeS: Math.floor(stats.mtimeMs / 1000), mode: stats.mode & 0o7777 };
}

function kindOf(stats: Stats): FileFacts["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "other";
}
