import { type RelPath, show } from "../kernel/path.ts";

/** What sends a dead letter again. */
export function retryCommand(flow: string, path: RelPath): string {
  return `hotdir retry -f ${flow} ${quoted(show(path))}`;
}

/** For a person's shell to copy; names with stranger characters are shown escaped, which `retry` understands. */
function quoted(shown: string): string {
  if (/^[\w./:@%+=,][\w./:@%+=,-]*$/.test(shown)) return shown;
  return `${shown.startsWith("-") ? "-- " : ""}'${shown.replaceAll("'", `'\\''`)}'`;
}
