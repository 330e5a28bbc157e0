import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** V8's .cpuprofile, as far as it is read here. Times in microseconds. */
type CpuProfile = {
  nodes: Array<{ id: number; callFrame: CallFrame; children?: number[] }>;
  samples: number[];
  timeDeltas: number[];
};
type CallFrame = { functionName: string; url: string; lineNumber: number };

export type Spent = { name: string; ms: number };

/**
 * One thread of a profiled process. `idleMs`: waiting for events. `functions`: time in the function itself.
 * `files`: time in a source file of ours together with what it calls outside of ours (SQLite, pipes, Node).
 */
export type ThreadProfile = { thread: string; wallMs: number; idleMs: number; functions: Spent[]; files: Spent[] };

/** The profiler counts a blocking wait in native code as work. */
const WAITS = new Set(["(idle)", "waitReadable"]);

/** The profiles that `--cpu-prof` left in a directory, the busiest thread first. */
export function readProfiles(directory: string): ThreadProfile[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(".cpuprofile"));
  const busy = (profile: ThreadProfile): number => profile.wallMs - profile.idleMs;
  return files.map((name) => readProfile(join(directory, name))).sort((a, b) => busy(b) - busy(a));
}

function readProfile(file: string): ThreadProfile {
  const profile = JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const functions = new Map<string, number>();
  const files = new Map<string, number>();
  let [wallMs, idleMs] = [0, 0];
  for (const [at, id] of profile.samples.entries()) {
    const ms = (profile.timeDeltas[at] ?? 0) / 1000;
    const frame = frames.get(id);
    wallMs += ms;
    if (frame === undefined) continue;
    if (WAITS.has(frame.functionName)) idleMs += ms;
    else {
      add(functions, nameOf(frame), ms);
      add(files, ownerOf(id, frames, parents), ms);
    }
  }
  const thread = basename(file, ".cpuprofile").split(".").slice(-2).join(".");
  return { thread, wallMs, idleMs, functions: sorted(functions), files: sorted(files) };
}

/** The nearest caller of ours. */
function ownerOf(id: number, frames: Map<number, CallFrame>, parents: Map<number, number>): string {
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const place = placeOf(frames.get(at)?.url ?? "");
    if (place.startsWith("src/")) return place;
  }
  const outside = frames.get(id)?.functionName ?? "";
  return outside.startsWith("(") && outside !== "(anonymous)" ? outside : "Node, called by none of ours";
}

/** From `src/` or `node_modules/` on; native functions have no place. */
function placeOf(url: string): string {
  return url.replace(/^.*?\/(?=node_modules\/)/, "").replace(/^[^n].*\/(?=src\/)/, "");
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  return `${functionName === "" ? "(anonymous)" : functionName}${url === "" ? "" : ` ${placeOf(url)}:${lineNumber + 1}`}`;
}

function add(sums: Map<string, number>, name: string, ms: number): void {
  sums.set(name, (sums.get(name) ?? 0) + ms);
}

function sorted(sums: Map<string, number>): Spent[] {
  return [...sums].map(([name, ms]) => ({ name, ms })).sort((a, b) => b.ms - a.ms);
}
