import type { DetectorReport, Sighting } from "../../src/flow/detect/contract.ts";
import { type WatchingDetector, watchDirectory, type WatchOptions } from "../../src/flow/detect/watch-directory.ts";
import { type Log, silentLog } from "../../src/kernel/log.ts";
import type { AbsPath, RelPath } from "../../src/kernel/path.ts";
import { walk } from "../support/walk.ts";

/** What a receiver of sightings believes to be in the source, by nothing but the sightings. */
export class BelievedPaths {
  readonly kinds = new Map<string, Sighting["kind"]>();

  apply(sighting: Sighting): void {
    switch (sighting.kind) {
      case "gone":
        this.#remove(sighting.path);
        return;
      case "moved":
        this.#move(sighting.from, sighting.path);
        return;
      case "directory":
        if (this.kinds.get(sighting.path) !== "directory") this.#remove(sighting.path);
        this.kinds.set(sighting.path, "directory");
        return;
      default:
        if (this.kinds.get(sighting.path) === "directory") this.#remove(sighting.path);
        this.kinds.set(sighting.path, sighting.kind);
    }
  }

  sorted(): string[] {
    return [...this.kinds].map(([path, kind]) => `${kind} ${path}`).toSorted();
  }

  #remove(path: string): void {
    if (this.kinds.get(path) !== "directory") this.kinds.delete(path);
    else for (const known of this.kinds.keys()) if (known === path || known.startsWith(`${path}/`)) this.kinds.delete(known);
  }

  #move(from: string, to: string): void {
    const moving = [...this.kinds].filter(([path]) => path === from || path.startsWith(`${from}/`));
    this.#remove(from);
    this.#remove(to);
    for (const [path, kind] of moving) this.kinds.set(to + path.slice(from.length), kind);
  }
}

export type Watched = AsyncDisposable & {
  detector: WatchingDetector;
  /** All reports but sightings, in order. */
  reports: DetectorReport[];
  sightings: Sighting[];
  believed: BelievedPaths;
  logged: string[];
  of(path: string): Sighting[];
  /** Waits for a report after which this holds. */
  until(what: string, holds: () => boolean, timeoutMs?: number): Promise<void>;
  scanned(times: number): Promise<void>;
  /** Waits until what is believed is what is there. */
  right(): Promise<void>;
};

type Options = Partial<Omit<WatchOptions, "root" | "report" | "log">> & { take?: (batch: () => void) => void };

/** A detector of `root` with a receiver that keeps everything, and asks after each scan for what it did not see, as admission does. `take`: what to do instead of taking each batch at once. */
export function watched(root: string, options: Options = {}): Watched {
  const { take = (taken) => taken(), ...rest } = options;
  const reports: DetectorReport[] = [];
  const sightings: Sighting[] = [];
  const logged: string[] = [];
  const believed = new BelievedPaths();
  let unseen = new Set<string>();
  const waiting = new Set<() => void>();
  const report = (told: DetectorReport): void => {
    if (told.kind === "sightings") {
      for (const sighting of told.sightings) {
        sightings.push(sighting);
        believed.apply(sighting);
        unseen.delete(sighting.path);
      }
      take(told.taken);
    } else reports.push(told);
    if (told.kind === "scanning") unseen = new Set(believed.kinds.keys());
    if (told.kind === "scanned") detector.look([...unseen] as RelPath[]);
    for (const wake of waiting) wake();
  };
  const write = (text: string): void => {
    logged.push(text);
    for (const wake of waiting) wake();
  };
  const log: Log = { ...silentLog, debug: write, info: write, warn: write, error: write, with: () => log };
  const defaults = { root: root as AbsPath, expectedIdentity: null, rescanMs: 3_600_000, leases: true };
  const detector = watchDirectory({ ...defaults, ...rest, report, log });

  const until = (what: string | (() => string), holds: () => boolean, timeoutMs = 20_000): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (holds()) settle(resolve);
      };
      const late = setTimeout(() => {
        const last = [...reports.slice(-5), ...sightings.slice(-20)];
        const shown = JSON.stringify(last, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
        settle(() =>
          reject(
            new Error(
              `not within ${timeoutMs} ms: ${typeof what === "string" ? what : what()}; last: ${shown}; log: ${logged.join(" | ")}`,
            ),
          ),
        );
      }, timeoutMs);
      const settle = (tell: () => void): void => {
        clearTimeout(late);
        waiting.delete(check);
        tell();
      };
      waiting.add(check);
      check();
    });

  return {
    detector,
    reports,
    sightings,
    believed,
    logged,
    of: (path) => sightings.filter((sighting) => sighting.path === path),
    until,
    scanned: (times) => until(`${times} scans`, () => reports.filter(({ kind }) => kind === "scanned").length >= times),
    right: () =>
      until(
        () => differences(truth(root), believed.sorted()),
        () => differences(truth(root), believed.sorted()) === "",
      ),
    [Symbol.asyncDispose]: () => detector[Symbol.asyncDispose](),
  };
}

/** What is there, as `BelievedPaths.sorted` tells it. */
function truth(root: string): string[] {
  return [...walk(root)].map(({ path, kind }) => `${kind === "other" ? "special" : kind} ${path}`).toSorted();
}

function differences(wanted: string[], found: string[]): string {
  const [there, believed] = [new Set(wanted), new Set(found)];
  const missing = wanted.filter((line) => !believed.has(line)).map((line) => `not believed: ${line}`);
  return [...missing, ...found.filter((line) => !there.has(line)).map((line) => `not there: ${line}`)].slice(0, 20).join(", ");
}

export function relPaths(...paths: string[]): RelPath[] {
  return paths as RelPath[];
}

export function lastWriter(sightings: Sighting[]): string | undefined {
  const last = sightings.findLast((sighting) => sighting.kind === "file");
  return last?.kind === "file" ? last.writer : undefined;
}
