import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleepFor } from "node:timers/promises";
import { identityOf, isAlive, parentOf, type ProcessIdentity, signal } from "../kernel/process-identity.ts";
import { ownerOf } from "../daemon/owner.ts";
import { supervisorOf } from "./record.ts";
import { CHILD_VARIABLE, readMark, realDirectory } from "./children-mark.ts";
import { isUsedByOthers, listensForOthers } from "./used-by-others.ts";

const TERMINATE_MS = 2000;
const LOOK_MS = 50;

export type Stray = { process: ProcessIdentity; command: string };

/**
 * What a daemon of this state directory started and left behind: a process whose environment names this
 * very directory and a daemon that is not alive any more, that nobody looks after, and that nobody else
 * uses. Nothing else is ever one: not whoever cannot be asked (another user's, another container's), not
 * what a person runs in a shell that has our environment, and not his shared ssh connection, which our ssh
 * may have opened for him (ControlMaster, with ProxyJump), nor what that goes through.
 */
export function findStrays(stateDirectory: string): Stray[] {
  const directory = realDirectory(stateDirectory);
  // Who was started by a child of an earlier daemon and took its place is at work, whatever its environment says.
  const atWork = new Set([process.pid, ownerOf(stateDirectory)?.pid, supervisorOf(stateDirectory)?.pid]);
  let found = new Map<number, Stray>();
  for (const name of readdirSync("/proc")) {
    const pid = /^\d+$/.test(name) ? Number(name) : process.pid;
    if (atWork.has(pid)) continue;
    const stray = strayOf(pid, directory);
    if (stray !== null) found.set(pid, stray);
  }
  // Whoever is spared spares what it rests on, and so on.
  for (let before = -1; found.size > 0 && found.size !== before;) {
    before = found.size;
    const candidates = found;
    found = new Map([...candidates].filter(([pid]) => isLeftBehind(pid, candidates) && !isUsedByOthers(pid, candidates)));
  }
  return [...found.values()];
}

function strayOf(pid: number, directory: string): Stray | null {
  const process = identityOf(pid);
  if (process === null || !isOfOurNamespace(pid)) return null;
  const variables = wordsOf(`/proc/${pid}/environ`);
  const text = variables.find((variable) => variable.startsWith(`${CHILD_VARIABLE}=`));
  const mark = text === undefined ? null : readMark(text.slice(CHILD_VARIABLE.length + 1));
  if (mark === null || mark.stateDirectory !== directory || isAlive(mark.daemon)) return null;
  const words = wordsOf(`/proc/${pid}/cmdline`);
  if (words.length === 0 || isSharedConnection(words[0] ?? "") || listensForOthers(pid)) return null;
  // The number may have been given to another process between the two looks.
  return isAlive(process) ? { process, command: (words[0] ?? "").split("/").at(-1) ?? "" } : null;
}

/** A container has numbers of its own: what a mark from there calls by a number is something else here. */
function isOfOurNamespace(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`) === readlinkSync("/proc/self/ns/pid");
  } catch {
    return false;
  }
}

/**
 * Whoever started it is gone, so that the system looks after it, or is left behind itself. What a live
 * program or a person's shell started is theirs, whatever environment they have.
 */
function isLeftBehind(pid: number, candidates: ReadonlyMap<number, Stray>): boolean {
  const parent = parentOf(pid);
  return parent !== null && (parent <= 1 || candidates.has(parent) || isReaper(parent));
}

/** A user's own systemd takes his orphans, in place of process 1. */
function isReaper(pid: number): boolean {
  return /^(systemd|init|docker-init|tini|dumb-init|catatonit)$/.test(textOf(`/proc/${pid}/comm`).trim());
}

/** `ssh: /path/of/the/socket [mux]`, as ssh calls itself then. */
function isSharedConnection(command: string): boolean {
  return /^ssh: .*\[mux\]$/.test(command.trim());
}

/** The NUL-terminated words of a file in /proc. */
function wordsOf(file: string): string[] {
  return textOf(file)
    .split("\0")
    .filter((word) => word !== "");
}

/** Nothing where it may not be read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
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
