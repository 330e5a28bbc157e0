import { readFileSync } from "node:fs";
import { closeFd } from "./native.ts";
import { openProcess, sendSignalTo } from "./process-handle.ts";

/** What no other process ever has: a number is given again, but not with the same start since the same boot. */
export type ProcessIdentity = { pid: number; startTicks: number; boot: string };

/** null: there is no such process, or it has ended and only waits to be reaped. */
export function identityOf(pid: number): ProcessIdentity | null {
  const fields = statFields(pid);
  const startTicks = Number(fields?.[19]);
  if (fields === null || fields[0] === "Z" || fields[0] === "X" || !Number.isSafeInteger(startTicks)) return null;
  return { pid, startTicks, boot: bootId() };
}

/** null: there is no such process. */
export function parentOf(pid: number): number | null {
  const fields = statFields(pid);
  return fields === null ? null : Number(fields[1]);
}

/** From the state on (proc_pid_stat(5), field 3). */
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The command is in brackets and may hold any character, brackets too.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  const now = identityOf(identity.pid);
  return now !== null && now.startTicks === identity.startTicks && now.boot === identity.boot;
}

/** Sends to this very process, never to one that came to its number since. `false`: it is gone, or is not ours to end. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  const handle = openProcess(identity.pid);
  // A kernel older than 5.3 gives no handle: then there is an instant between the look and the signal.
  if (handle === null) return isAlive(identity) && killByNumber(identity.pid, name);
  try {
    return isAlive(identity) && sendSignalTo(handle, name);
  } finally {
    closeFd(handle);
  }
}

function killByNumber(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** `4711 88123 d89d9f55-...`: for lock files and the environment. */
export function writeIdentity({ pid, startTicks, boot }: ProcessIdentity): string {
  return `${pid} ${startTicks} ${boot}`;
}

/** null where the text is no identity. */
export function readIdentity(text: string): ProcessIdentity | null {
  const match = /^(\d{1,10}) (\d{1,20}) (\S+)$/.exec(text.trim());
  return match === null ? null : { pid: Number(match[1]), startTicks: Number(match[2]), boot: match[3] ?? "" };
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { pid: process.pid, startTicks: 0, boot: bootId() };
}

let boot: string | null = null;

/** Where there is none (a container that hides it), starts alone must tell processes apart. */
function bootId(): string {
  if (boot !== null) return boot;
  try {
    boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    boot = "unknown";
  }
  return boot;
}
