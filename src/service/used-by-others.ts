import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** As /proc/net/unix has it (`__SO_ACCEPTCON`). */
const LISTENING = "00010000";

/** It has a UNIX socket to which others may connect at any moment, as an ssh that shares its connection does. */
export function listensForOthers(pid: number): boolean {
  const own = new Set(descriptorsOf(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  return own.size > 0 && listeningSockets(pid).some((inode) => own.has(inode));
}

/**
 * Whether the other end of its standard input or output is held by somebody who is none of the `candidates`:
 * the proxy of a shared ssh connection, say, without which that breaks off.
 */
export function isUsedByOthers(pid: number, candidates: ReadonlyMap<number, unknown>): boolean {
  const pipes = new Set([0, 1].map((fd) => targetOf(`/proc/${pid}/fd/${fd}`)).filter((target) => target.startsWith("pipe:")));
  if (pipes.size === 0) return false;
  return readdirSync("/proc").some(
    (name) => /^\d+$/.test(name) && !candidates.has(Number(name)) && descriptorsOf(Number(name)).some((target) => pipes.has(target)),
  );
}

function listeningSockets(pid: number): string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/net/unix`, "latin1").split("\n");
    return lines.map((line) => line.trim().split(/\s+/)).flatMap((fields) => (fields[3] === LISTENING ? (fields[6] ?? []) : []));
  } catch {
    return [];
  }
}

/** What its descriptors lead to; nothing where that may not be asked. */
function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
