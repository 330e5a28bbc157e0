import type { Clock } from "../kernel/clock.ts";
import { never } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { join, type RelPath } from "../kernel/path.ts";
import { Admission } from "./admit/admission.ts";
import { LOOK_AGAIN_MS } from "./admit/settle.ts";
import type { Detector, DetectorReport, RootIdentity, Sighting, Watching } from "./detect/contract.ts";
import { lookAtPath } from "./detect/look-at-path.ts";
import { watchDirectory } from "./detect/watch-directory.ts";
import type { Entrance } from "./entrance.ts";
import { isCapture } from "./finish/capture-name.ts";
import * as admissions from "./ledger/admissions.ts";
import type { Database } from "./ledger/database.ts";
import * as flows from "./ledger/flows.ts";
import { type FlowSettings, followsLinks } from "./settings.ts";

/** Settling files are looked at again when their time has come, this often. */
const SETTLE_TICK_MS = 200;
/** How many paths are looked at again at a time. */
const LOOK_BATCH = 512;
const BELIEVED_EVERY_MS = 20;

export type IntakeEvents = {
  /** Something is in the queue that was not there before. */
  queued: () => void;
  rootLost: (reason: string) => void;
  /** null: it has none that is kept. */
  rootFound: (identity: RootIdentity | null) => void;
  changed: () => void;
  broken: (error: unknown) => void;
};

export type IntakeOptions = {
  db: Database;
  flow: flows.FlowId;
  settings: FlowSettings;
  clock: Clock;
  log: Log;
  events: IntakeEvents;
};

/** What comes in: sightings of the detector and of `post` become changes of the ledger, and what is not complete is looked at again. */
export class Intake implements Entrance {
  watching: Watching | null = null;
  readonly #db: Database;
  readonly #flow: flows.FlowId;
  readonly #settings: FlowSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #events: IntakeEvents;
  readonly #admission: Admission;
  #detector: Detector | null = null;
  #scanned: "never" | "scanning" | "done" = "never";
  #settleTimer: NodeJS.Timeout | null = null;
  #missingTimer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: IntakeOptions) {
    this.#db = options.db;
    this.#flow = options.flow;
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#events = options.events;
    this.#admission = new Admission(options.db, options.flow, options.settings, options.clock);
  }

  start(): void {
    if (this.#settings.source.kind === "watched") this.#watch();
    else this.#scanned = "done";
    this.#settleTimer = setInterval(() => this.#guarded(() => this.#lookAtSettling()), SETTLE_TICK_MS);
  }

  get idle(): boolean {
    return this.#scanned === "done" && this.#missingTimer === null && !admissions.anySettlesByItself(this.#db, this.#flow);
  }

  get scanned(): boolean {
    return this.#scanned === "done";
  }

  #watch(): void {
    const { source } = this.#settings;
    this.#detector = watchDirectory({
      root: source.root,
      expectedIdentity: flows.rootIdentity(this.#db, this.#flow),
      rescanMs: source.rescanMs,
      leases: source.settle.kind === "close",
      followLinks: followsLinks(source),
      report: (report) => this.#guarded(() => this.#take(report)),
      log: this.#log,
    });
  }

  async watchAnew(): Promise<void> {
    if (this.#detector === null) return;
    await this.#detector[Symbol.asyncDispose]();
    if (!this.#stopped) this.#watch();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#events.broken(error);
    }
  }

  #take(report: DetectorReport): void {
    switch (report.kind) {
      case "sightings":
        this.admit(report.sightings);
        return report.taken();
      case "watching":
        if (report.watching.kind === "scan-only")
          this.#log.warn(`no events for this source: ${report.watching.reason}; it is scanned instead`);
        this.watching = report.watching;
        return this.#events.changed();
      case "scanning":
        this.#scanned = "scanning";
        return;
      case "scanned":
        this.#scanned = "done";
        this.#log.debug(`scanned ${report.files} files in ${report.directories} directories in ${(report.durationMs / 1000).toFixed(1)} s`);
        this.#lookForMissing();
        return this.#events.changed();
      case "root-lost":
        return this.#events.rootLost(report.reason);
      case "root-found":
        return this.#events.rootFound(report.identity);
      case "failed":
        return this.#events.broken(report.error);
      default:
        never(report);
    }
  }

  /** Sightings of the detector, or of `post`. Durable in the ledger when it returns. */
  admit(sightings: Sighting[]): void {
    const ours = sightings.filter((sighting) => !isCapture(sighting.path));
    const admitted = this.#admission.admit(ours);
    this.#lookAtMarked(ours);
    if (admitted.queued > 0) this.#events.queued();
    if (ours.length > 0) this.#events.changed();
  }

  /** Looks at these paths again soon. Where nothing is watched it is done at once, of what was posted: nobody else would look. */
  look(paths: RelPath[]): void {
    if (this.#detector !== null) return this.#detector.look(paths);
    if (this.#stopped) return;
    this.#guarded(() => {
      const posted = paths.filter((path) => admissions.newest(this.#db, this.#flow, path) !== null);
      const { source } = this.#settings;
      this.admit(posted.map((path) => lookAtPath(join(source.root, path), path, followsLinks(source))));
    });
  }

  /** A marker has come: the file that it completes is looked at. */
  #lookAtMarked(sightings: Sighting[]): void {
    const { settle } = this.#settings.source;
    if (settle.kind !== "marker") return;
    const marked = sightings.flatMap((seen) =>
      seen.kind === "file" && seen.path.endsWith(settle.suffix) ? [seen.path.slice(0, -settle.suffix.length) as RelPath] : [],
    );
    // A file that is named as the suffix alone marks nothing.
    if (marked.length > 0) this.look(marked.filter((path) => path !== "" && !path.endsWith("/")));
  }

  #lookAtSettling(): void {
    const due = admissions.dueSettling(this.#db, this.#flow, this.#clock.steady(), LOOK_BATCH);
    if (due.length === 0) return;
    this.look(due);
    if (this.#detector !== null) admissions.deferSettling(this.#db, this.#flow, due, this.#clock.steady() + LOOK_AGAIN_MS);
  }

  /** Events may have been missed: what the ledger believes to be there is looked at, a part at a time. */
  #lookForMissing(): void {
    const { propagate } = this.#settings.source;
    if (this.#missingTimer !== null || (!propagate.has("delete") && !propagate.has("rmdir"))) return;
    let before: RelPath | null = null;
    const next = (): void => {
      const believed: admissions.Believed[] = admissions.pathsBelieved(this.#db, this.#flow, before, LOOK_BATCH);
      if (believed.length > 0) {
        before = believed.at(-1)!.path;
        return this.look([...new Set(believed.map((known) => known.name))]);
      }
      if (this.#missingTimer !== null) clearInterval(this.#missingTimer);
      this.#missingTimer = null;
      this.#events.changed();
    };
    this.#missingTimer = setInterval(() => this.#guarded(next), BELIEVED_EVERY_MS);
  }

  /** Nothing comes in any more when this resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#settleTimer, this.#missingTimer]) if (timer !== null) clearInterval(timer);
    await this.#detector?.[Symbol.asyncDispose]();
  }
}
