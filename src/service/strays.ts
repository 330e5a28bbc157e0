import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleepFor } from "node:timers/promises";
import { identityOf, isAlive, type ProcessIdentity, signal } from "../kernel/process-identity.ts";
import { ownerOf } from "../daemon/owner.ts";
import { supervisorOf } from "./record.ts";
import { CHILD_VARIABLE, readMark, realDirectory } from "./children-mark.ts";

const TERMINATE_MS = 2000;
const LOOK_MS = 50;

export type Stray = { process: ProcessIdentity; command: string };

/**
 * What a daemon of this state directory started and left behind: a process whose environment names this
 * very directory and a daemon that is not alive any more. Nothing else is ever one: whoever cannot be
 * asked (another user's) is none, and the user's own shared ssh connection, which our ssh may have opened
 * for him (ControlPersist), is none either, since others may be using it.
 */
export function findStrays(stateDirectory: string): Stray[] {
  const directory = realDirectory(stateDirectory);
  const found: Stray[] = [];
  // Who was started by a child of an earlier daemon and took its place is at work, whatever its environment says.
  const atWork = new Set([process.pid, ownerOf(stateDirectory)?.pid, supervisorOf(stateDirectory)?.pid]);
  for (const name of readdirSync("/proc")) {
    const pid = /^\d+$/.test(name) ? Number(name) : process.pid;
    if (atWork.has(pid)) continue;
    const stray = strayOf(pid, directory);
    if (stray !== null) found.push(stray);
  }
  return found;
}

function strayOf(pid: number, directory: string): Stray | null {
  const process = identityOf(pid);
  if (process === null) return null;
  const variables = wordsOf(`/proc/${pid}/environ`);
  const text = variables.find((variable) => variable.startsWith(`${CHILD_VARIABLE}=`));
  const mark = text === undefined ? null : readMark(text.slice(CHILD_VARIABLE.length + 1));
  if (mark === null || mark.stateDirectory !== directory || isAlive(mark.daemon)) return null;
  const words = wordsOf(`/proc/${pid}/cmdline`);
  if (words.length === 0 || isSharedConnection(words[0] ?? "")) return null;
  // The number may have been given to another process between the two looks.
  return isAlive(process) ? { process, command: (words[0] ?? "").split("/").at(-1) ?? "" } : null;
}

/** `ssh: /path/of/the/socket [mux]`, as ssh calls itself then. */
function isSharedConnection(command: string): boolean {
  return /^ssh: .*\[mux\]$/.test(command.trim());
}

/** The NUL-terminated words of a file in /proc; none where it may not be read. */
function wordsOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\0")
      .filter((word) => word !== "");
  } catch {
    return [];
  }
}

/** SIGTERM, and SIGKILL for whoever does not heed it. Those that are still there afterwards. */
export async function endStrays(strays: Stray[]): Promise<Stray[]> {
  const alive = (): Stray[] => strays.filter(({ process }) => isAlive(process));
  for (const name of ["SIGTERM", "SIGKILL"] as const) {
    for (const { process } of alive()) signal(process, name);
    for (let waitedMs = 0; waitedMs < TERMINATE_MS && alive().length > 0; waitedMs += LOOK_MS) await sleepFor(LOOK_MS);
  }
  return alive();
}
