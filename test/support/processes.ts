import { readdirSync, readFileSync } from "node:fs";

/** The running children of a process whose command is `command` (as `ps` names it). */
export function childrenOf(pid: number, command: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const facts = readStat(name);
    if (facts !== null && facts.parent === pid && facts.command === command && facts.state !== "Z") found.push(Number(name));
  }
  return found;
}

export function isAlive(pid: number): boolean {
  const facts = readStat(String(pid));
  return facts !== null && facts.state !== "Z";
}

/** Resident memory in bytes; 0 for a process that is gone. */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function readStat(pid: string): { command: string; state: string; parent: number } | null {
  try {
    // The command is in brackets and may hold any character, brackets too.
    const match = /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, "latin1"));
    return match === null ? null : { command: match[1] ?? "", state: match[2] ?? "", parent: Number(match[3]) };
  } catch {
    return null;
  }
}
