import { readFileSync } from "node:fs";

/** Of some processes together. */
export type ProcessFigures = { count: number; ussBytes: number; rssBytes: number; vmsBytes: number; userS: number; systemS: number };

/** Ticks of `/proc/PID/stat` a second, on every Linux that Node runs on. */
const TICKS_PER_S = 100;
const DEPTH_MAX = 8;

/** Of these and all that they started. Those that went meanwhile do not count. null: none is there. */
export function processFigures(pids: readonly number[]): ProcessFigures | null {
  const all = new Set(pids.flatMap((pid) => withChildren(pid, DEPTH_MAX)));
  const sum: ProcessFigures = { count: 0, ussBytes: 0, rssBytes: 0, vmsBytes: 0, userS: 0, systemS: 0 };
  for (const pid of all) {
    const one = figuresOf(pid);
    if (one === null) continue;
    for (const key of ["ussBytes", "rssBytes", "vmsBytes", "userS", "systemS"] as const) sum[key] += one[key];
    sum.count++;
  }
  return sum.count === 0 ? null : sum;
}

function withChildren(pid: number, depth: number): number[] {
  const children = depth === 0 ? [] : childrenOf(pid);
  return [pid, ...children.flatMap((child) => withChildren(child, depth - 1))];
}

/** Each thread has its own. */
function childrenOf(pid: number): number[] {
  return textOf(`/proc/${pid}/task/${pid}/children`)
    .split(" ")
    .filter((word) => /^\d+$/.test(word.trim()))
    .map(Number);
}

function figuresOf(pid: number): Omit<ProcessFigures, "count"> | null {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === "") return null;
  // From the state on; the name before it may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const rollup = textOf(`/proc/${pid}/smaps_rollup`);
  const kib = (name: string): number =>
    [...rollup.matchAll(new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"))].reduce((sum, [, text]) => sum + Number(text), 0);
  return {
    ussBytes: 1024 * (kib("Private_Clean") + kib("Private_Dirty") + kib("Private_Hugetlb")),
    rssBytes: 1024 * kib("Rss"),
    vmsBytes: Number(fields[20]),
    userS: Number(fields[11]) / TICKS_PER_S,
    systemS: Number(fields[12]) / TICKS_PER_S,
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
