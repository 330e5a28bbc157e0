import { closeFd, opening } from "../../kernel/native.ts";
import type { RelPath } from "../../kernel/path.ts";
import { show } from "../../kernel/path.ts";
import type { Watching } from "./contract.ts";
import { DirectoryTree } from "./directory-tree.ts";
import { EventQueue } from "./event-queue.ts";
import { type Consequence, interpret } from "./interpret.ts";
import { lookFromTop } from "./look.ts";
import type { WorkerOptions, WorkerReport } from "./messages.ts";
import { findRoot, Opener } from "./opener.ts";
import { Outbox } from "./outbox.ts";
import { Relooks } from "./relooks.ts";
import { ScanStack } from "./scan.ts";
import { ScanSchedule } from "./schedule.ts";
import { Survey } from "./survey.ts";
import { Watches } from "./watches.ts";

const eventsPerRound = 1024;
const namesPerRound = 256;
const looksPerRound = 256;
const rootCheckMs = 2000;
const watchingReportMs = 1000;

export type Round = { kind: "again" } | { kind: "wait"; timeoutMs: number } | { kind: "lost"; reason: string };

/** One root from when it was found until it is lost: the watches, the tree, what is to be looked at. Works in short rounds, so that events never wait for a scan. */
export class Observation {
  readonly #options: WorkerOptions;
  readonly #identity: string;
  readonly #post: (report: WorkerReport) => void;
  readonly #outbox: Outbox;
  readonly #watches: Watches;
  readonly #tree: DirectoryTree;
  readonly #opener: Opener;
  readonly #queue = new EventQueue({ limit: 65_536, pairWithinMs: 50 });
  readonly #relooks = new Relooks(16_384);
  readonly #stack = new ScanStack();
  readonly #survey: Survey;
  readonly #schedule: ScanSchedule;
  /** Requests as they came, and how far the first is done. */
  readonly #looks: RelPath[][] = [];
  #looked = 0;
  #checkRootAtMs = 0;
  #toldWatching = "";
  #tellWatchingAtMs = 0;

  constructor(options: WorkerOptions, identity: string, post: (report: WorkerReport) => void) {
    this.#options = options;
    this.#identity = identity;
    this.#post = post;
    this.#watches = new Watches({ root: options.root, limit: options.watchLimit, forceScanOnly: options.forceScanOnly });
    this.#opener = new Opener(options.root, identity);
    this.#tree = new DirectoryTree(identity, this.#watchRoot());
    this.#watches.counted(this.#tree.watched);
    this.#outbox = new Outbox({ batchMax: 512, batchesMax: 4, post: (sightings) => this.#postSightings(sightings) });
    const parts = {
      tree: this.#tree,
      watches: this.#watches,
      opener: this.#opener,
      outbox: this.#outbox,
      relooks: this.#relooks,
      stack: this.#stack,
    };
    this.#survey = new Survey({ ...parts, leases: options.leases, followLinks: options.followLinks });
    this.#schedule = new ScanSchedule(options.rescanMs);
  }

  get inotifyFd(): number {
    return this.#watches.fd;
  }

  requestScan(): void {
    this.#schedule.want(0);
  }

  look(paths: RelPath[]): void {
    if (paths.length > 0) this.#looks.push(paths);
  }

  taken(): void {
    this.#outbox.taken();
  }

  close(): void {
    this.#stack.clear();
    this.#opener.end();
    this.#watches.close();
  }

  round(): Round {
    const nowMs = performance.now();
    this.#drain(nowMs);
    if (nowMs >= this.#checkRootAtMs || this.#busy(nowMs)) {
      const found = findRoot(this.#options.root, this.#identity);
      if ("reason" in found) return { kind: "lost", reason: found.reason };
      this.#checkRootAtMs = nowMs + rootCheckMs;
    }
    const lost = this.#outbox.room ? this.#work(nowMs) : null;
    this.#opener.end();
    if (lost !== null) return lost;
    this.#tellWatching(nowMs);
    return this.#busy(performance.now()) && this.#outbox.room ? { kind: "again" } : { kind: "wait", timeoutMs: this.#waitMs() };
  }

  /** Something can be done now, if there is room for what it tells. */
  #busy(nowMs: number): boolean {
    // Nothing overtakes events, also not those that wait for the other half of a move.
    if (this.#queue.size > 0) return this.#queue.waitMs(nowMs) === 0;
    return !this.#stack.empty || this.#looks.length > 0 || this.#schedule.running || this.#schedule.waitMs(nowMs) === 0;
  }

  #waitMs(): number {
    const nowMs = performance.now();
    const root = Math.max(0, this.#checkRootAtMs - nowMs);
    if (!this.#outbox.room) return root;
    return Math.min(root, this.#queue.waitMs(nowMs) ?? root, this.#relooks.waitMs(nowMs) ?? root, this.#schedule.waitMs(nowMs) ?? root);
  }

  #drain(nowMs: number): void {
    this.#watches.drain((event) => this.#queue.push(event, nowMs));
    if (this.#queue.dropped === 0) return;
    this.#follow({ kind: "scan", reason: "more changes at once than there is room for in memory" });
    this.#queue.dropped = 0;
  }

  #work(nowMs: number): Round | null {
    this.#survey.scan = this.#schedule.number;
    let told = this.#readEvents(nowMs);
    for (const relook of this.#relooks.takeDue(nowMs)) {
      this.#survey.repeat(relook);
      told = true;
    }
    if (this.#queue.size === 0) {
      if (this.#tree.strays > 0) this.#forget(this.#tree.dropStrays());
      told = this.#lookAtRequested() || told;
      this.#scanSlice(nowMs);
    }
    if (this.#survey.confused) this.#follow({ kind: "scan", reason: null });
    this.#survey.confused = false;
    if (told || this.#stack.empty) this.#outbox.flush();
    return this.#stack.empty && this.#schedule.running ? this.#endScan() : null;
  }

  #readEvents(nowMs: number): boolean {
    const parts = { tree: this.#tree, watches: this.#watches, opener: this.#opener, outbox: this.#outbox, survey: this.#survey };
    let told = false;
    for (let count = 0; count < eventsPerRound && this.#outbox.room; count++) {
      const next = this.#queue.next(nowMs);
      if (next === null) break;
      this.#follow(interpret(parts, next));
      told = true;
    }
    return told;
  }

  #follow(consequence: Consequence): void {
    switch (consequence.kind) {
      case "none":
        return;
      case "check-root":
        this.#checkRootAtMs = 0;
        return;
      case "scan":
        if (this.#schedule.wantSoon() && consequence.reason !== null)
          this.#post({ kind: "log", level: "warn", text: `${consequence.reason}: ${show(this.#options.root)} is scanned` });
    }
  }

  /** What the receiver asked for, from the top: nothing is known about these paths. */
  #lookAtRequested(): boolean {
    const [paths] = this.#looks;
    if (paths === undefined) return false;
    const leases = this.#options.leases && this.#watches.leasesKnowWriters(this.#identity.slice(0, this.#identity.indexOf(":")));
    const as = { leases, follow: this.#options.followLinks };
    for (const path of paths.slice(this.#looked, this.#looked + looksPerRound)) this.#outbox.add(lookFromTop(this.#opener, path, as));
    this.#looked += looksPerRound;
    if (this.#looked < paths.length) return true;
    this.#looks.shift();
    this.#looked = 0;
    return true;
  }

  #scanSlice(nowMs: number): void {
    if (this.#schedule.begin(nowMs)) {
      this.#survey.scan = this.#schedule.number;
      this.#watches.beginScan();
      this.#outbox.flush();
      this.#post({ kind: "scanning" });
      if (this.#tree.root.wd < 0) this.#tree.watchRoot(this.#watchRoot());
      this.#stack.push(this.#tree.root);
    }
    this.#stack.readSlice({
      tree: this.#tree,
      opener: this.#opener,
      namesMax: namesPerRound,
      goOn: () => this.#outbox.room,
      began: () => this.#schedule.directories++,
      failed: (path, code) => this.#outbox.add({ kind: "unreadable", path, code }),
      each: (dirFd, directory, name) => {
        const seen = this.#survey.sightAt({ dirFd, directory, name, how: "scan", closed: false, relookMs: null });
        if (seen === "seen") this.#schedule.files++;
      },
    });
  }

  /** Only when no event is left that might tell of a directory which the scan met too late, and the root is still the same. */
  #endScan(): Round | null {
    this.#drain(performance.now());
    if (this.#queue.size > 0 || !this.#outbox.room) return null;
    const found = findRoot(this.#options.root, this.#identity);
    if ("reason" in found) return { kind: "lost", reason: found.reason };
    this.#forget(this.#tree.dropUnseen(this.#schedule.number));
    const reason = this.#watches.reason(this.#schedule.directories);
    const ended = this.#schedule.end(performance.now(), reason !== null);
    this.#tellWatching(Number.POSITIVE_INFINITY);
    this.#post({ kind: "scanned", ...ended });
    return null;
  }

  #forget(watches: number[]): void {
    this.#watches.remove(watches);
    this.#watches.counted(this.#tree.watched);
  }

  #watchRoot(): number {
    const fd = this.#opener.openRoot(opening.directory);
    if (fd < 0) return -1;
    const wd = this.#watches.add(fd, this.#identity.slice(0, this.#identity.indexOf(":")), this.#options.root, () => false);
    closeFd(fd);
    this.#opener.end();
    return wd;
  }

  /** The only way out for sightings: none says `gone` because the root is. */
  #postSightings(sightings: Extract<WorkerReport, { kind: "sightings" }>["sightings"]): void {
    const gone = sightings.some((sighting) => sighting.kind === "gone");
    const lost = gone && "reason" in findRoot(this.#options.root, this.#identity);
    if (lost) this.#checkRootAtMs = 0;
    this.#post({ kind: "sightings", sightings: lost ? sightings.filter((sighting) => sighting.kind !== "gone") : sightings });
  }

  #tellWatching(nowMs: number): void {
    if (nowMs < this.#tellWatchingAtMs) return;
    const reason = this.#watches.reason(this.#schedule.directoriesLast);
    const watching: Watching = reason === null ? { kind: "events", directories: this.#tree.watched } : { kind: "scan-only", reason };
    const told = JSON.stringify(watching);
    if (told === this.#toldWatching) return;
    this.#toldWatching = told;
    this.#tellWatchingAtMs = performance.now() + watchingReportMs;
    this.#post({ kind: "watching", watching });
  }
}
