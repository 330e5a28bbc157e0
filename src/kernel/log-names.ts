import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * The files of a log directory: `hotdir.log` is written now; `hotdir.log.000017` is what it was, the 17th of its kind.
 * Numbers only grow, so a file keeps its name once it is full, and one that is read does not become another one.
 */
export const currentLog = "hotdir.log";

export function rotatedLog(sequence: number): string {
  return `${currentLog}.${String(sequence).padStart(6, "0")}`;
}

/** Where the log of a state directory is. */
export function logDirectory(stateDirectory: string): string {
  return join(stateDirectory, "log");
}

/** `sequence` null: the one that is written now. */
export type LogName = { path: string; sequence: number | null };

/** The oldest first; none where there is no such directory. */
export async function listLogs(directory: string): Promise<LogName[]> {
  const names: string[] = await readdir(directory).catch(() => []);
  const rotated = names.flatMap((name): Array<{ path: string; sequence: number }> => {
    const digits = /^hotdir\.log\.(\d{6,15})$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ path: join(directory, name), sequence: Number(digits) }];
  });
  const current = names.includes(currentLog) ? [{ path: join(directory, currentLog), sequence: null }] : [];
  return [...rotated.toSorted((a, b) => a.sequence - b.sequence), ...current];
}
