import { realpathSync } from "node:fs";
import { ownIdentity, type ProcessIdentity, readIdentity, writeIdentity } from "../kernel/process-identity.ts";

/** Names, to whoever looks at a child of a daemon, the daemon and its state directory: `PID START BOOT DIRECTORY`. */
export const CHILD_VARIABLE = "HOTDIR_CHILD_OF";

/**
 * Every child that this process starts from now on carries the mark, whoever starts it: the environment
 * of the process is the one place that all of them share. Our own mark, as others see it, does not change.
 */
export function markChildren(env: Record<string, string | undefined>, stateDirectory: string): void {
  env[CHILD_VARIABLE] = `${writeIdentity(ownIdentity())} ${realDirectory(stateDirectory)}`;
}

/** null: this is no mark of ours. */
export function readMark(text: string): { daemon: ProcessIdentity; stateDirectory: string } | null {
  const match = /^(\d+ \d+ \S+) (\/.*)$/s.exec(text);
  const daemon = readIdentity(match?.[1] ?? "");
  return daemon === null ? null : { daemon, stateDirectory: match?.[2] ?? "" };
}

/** One directory has one name, by whichever link it was called. */
export function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
