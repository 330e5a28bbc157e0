import { closeSync, openSync } from "node:fs";
import { basename, dirname } from "node:path";

/** A socket's address holds 107 bytes; a longer path is named through an open descriptor of its directory. */
export function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) < 104) return use(path);
  const directory = openSync(dirname(path), "r");
  return use(`/proc/self/fd/${directory}/${basename(path)}`).finally(() => closeSync(directory));
}
