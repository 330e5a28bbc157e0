import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { DigestAlgorithm } from "../digest.ts";
import type { Entrance } from "../entrance.ts";
import type { IntakeEvents } from "../intake.ts";
import type { Manifest } from "../ledger/manifests.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import { queuedFile, renewVersion } from "../ledger/table-paths.ts";
import { anyOwed } from "../ledger/table-rows.ts";
import { anySetOwed, owedSets, setTold } from "../ledger/table-sets.ts";
import { readThrough } from "../ledger/table-source.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import type { Difference } from "./comparison.ts";
import { countOutcome, type TableCounts } from "./counts.ts";
import { endingOf } from "./ending.ts";
import { type FollowContext, followRows, putOf } from "./follow-rows.ts";
import type { NewRow } from "./messages.ts";
import { TableReading } from "./reading.ts";
import { AGAIN_MS, TableStanding } from "./standing.ts";
import { TableAway, TableThread } from "./table-thread.ts";
import { owedWrites, recordWritten } from "./write-back.ts";

/** Outcomes are written together when they come within so long. */
const GATHER_MS = 100;
/** What is owed at the end is written within so long, or after the next start. */
const LAST_WRITE_MS = 3000;

const SETS_AT_ONCE = 64;

export type TableEntranceOptions = FollowContext & { events: IntakeEvents };

/**
 * The entrance of a flow whose queue is a table of another program's database: rows become transfers, and what became of them is written back. All
 * that is asked of the table is asked of a thread of its own, in short parts, and where it cannot be had it is waited for.
 */
export class TableEntrance implements Entrance {
  readonly watching = null;
  readonly counts: TableCounts = { iterations: 0, copies: 0, errorsTimeout: 0, errorsNonzero: 0, errorsSqlite: 0 };
  readonly #context: FollowContext;
  readonly #events: IntakeEvents;
  readonly #thread: TableThread;
  readonly #reading: TableReading;
  readonly #canRead: TableStanding;
  readonly #canWrite: TableStanding;
  #final: { timecodes: ReadonlySet<number>; at: SteadyMs } | null = null;
  readonly #stop = new AbortController();
  /** Their files were other versions than were seen with their rows, or not there. */
  readonly #paths = new Set<RelPath>();
  #wake: () => void = () => undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(options: TableEntranceOptions) {
    const { db, flow, settings, source, clock, log, events } = options;
    this.#context = { db, flow, settings, source, clock, log };
    this.#events = events;
    this.#thread = new TableThread(source);
    this.#reading = new TableReading(this.#context, this.#thread, this.counts, (found, through) => this.#follow(found, through));
    this.#canRead = new TableStanding(this.#context, "read");
    this.#canWrite = new TableStanding(this.#context, "write");
  }

  get scanned(): boolean {
    return this.#reading.scanned;
  }

  /** All rows are followed, and told what became of them. */
  get idle(): boolean {
    if (!this.#reading.idle || !this.#canRead.isGood || this.#paths.size > 0) return false;
    const { db, flow } = this.#context;
    return !anyOwed(db, flow) && !anySetOwed(db, flow);
  }

  /** All that was registered by then is followed; null: nobody knows yet. */
  get readAtMs(): WallMs | null {
    return this.#reading.readAtMs;
  }

  /** Why the table cannot be used now; null: it can. */
  /** Timecodes that were made final, as the database tells; null: nobody knows yet. */
  get finalElsewhere(): ReadonlySet<number> | null {
    return this.#final?.timecodes ?? null;
  }

  get trouble(): string | null {
    return this.#canRead.trouble ?? this.#canWrite.trouble;
  }

  start(): void {
    this.#events.rootFound(null);
    this.#working = this.#work().catch((error: unknown) => this.#events.broken(error));
  }

  async watchAnew(): Promise<void> {
    this.#reading.beginAnew();
    this.#wake();
  }

  admit(): void {
    const { settings } = this.#context;
    throw new HotdirError("bad-usage", { operation: "post", detail: `${settings.name} takes its files from the rows of a table` });
  }

  look(paths: RelPath[]): void {
    for (const path of paths) this.#paths.add(path);
  }

  /** How an attempt is written down. */
  ending(transfer: ClaimedTransfer, outcome: Outcome): Outcome {
    return endingOf(this.#context, transfer, outcome);
  }

  /** How an attempt ended; in the ledger by now. */
  ended(outcome: Outcome): void {
    countOutcome(this.counts, outcome);
    this.#wake();
  }

  /** There is something to be told of sets. */
  tellSoon(): void {
    this.#wake();
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const before = { trouble: this.trouble, idle: this.#reading.idle };
      const writtenMs = await this.#tried(this.#canWrite, () => this.#write());
      const readMs = await this.#tried(this.#canRead, () => this.#read());
      if (before.trouble !== this.trouble || before.idle !== this.#reading.idle) this.#events.changed();
      await this.#sleep(Math.min(writtenMs, readMs));
    }
  }

  /** How long there is nothing to do. */
  async #tried(standing: TableStanding, work: () => Promise<number>): Promise<number> {
    if (!standing.isDue) return AGAIN_MS;
    try {
      const waitMs = await work();
      standing.succeeded();
      return waitMs;
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
      if (this.#stop.signal.aborted) return 0;
      this.counts.errorsSqlite++;
      // It may be another one by then.
      this.#reading.askSoon();
      standing.failed(error);
      return AGAIN_MS;
    }
  }

  async #write(): Promise<number> {
    return (await this.#writeOwed()) ? 0 : AGAIN_MS;
  }

  async #read(): Promise<number> {
    if (this.#paths.size > 0) await this.#renew();
    if (this.#context.settings.completion !== null) await this.#readFinal();
    return await this.#reading.step();
  }

  /** Before any set may be decided, and now and then: another agent of the archive may run beside us, or have run. */
  async #readFinal(): Promise<void> {
    const { clock, source } = this.#context;
    if (this.#final !== null && clock.steady() - this.#final.at < source.rescanMs) return;
    const timecodes = await this.#thread.ask({ ask: "final" });
    this.#final = { timecodes: new Set(timecodes), at: clock.steady() };
  }

  #follow({ rows, missing }: Difference, through: number | null): void {
    const { db, flow } = this.#context;
    const { queued, again } = db.transaction(() => {
      if (through !== null) readThrough(db, flow, through);
      return followRows(this.#context, rows, missing);
    });
    if (queued) this.#events.queued();
    if (again) this.#reading.compareSoon();
    if (rows.length + missing.length > 0) this.#events.changed();
  }

  /** Whether there was something to write, so that there may be more. */
  async #writeOwed(): Promise<boolean> {
    const told = await this.#tellSets();
    if (!anyOwed(this.#context.db, this.#context.flow)) return told;
    const writes = owedWrites(this.#context);
    const ends = await this.#thread.ask({ ask: "write", writes: writes.writes });
    if (recordWritten(this.#context, writes, ends)) this.#reading.compareSoon();
    this.#events.changed();
    return true;
  }

  /** What is told of a set again is the same again, so that a kill between the two databases does no harm. */
  async #tellSets(): Promise<boolean> {
    const { db, flow, clock, source } = this.#context;
    const owed = owedSets(db, flow, SETS_AT_ONCE);
    if (owed.length === 0) return false;
    const sets = owed.map(({ timecode, manifest }) => ({
      timecode,
      manifest: manifest === null ? null : rowOfManifest(manifest, source.algorithm, clock.wall()),
    }));
    await this.#thread.ask({ ask: "sets", sets });
    db.transaction(() => {
      for (const set of owed) setTold(db, set);
    });
    // The rows of manifests are read as any others.
    this.#reading.askSoon();
    this.#reading.compareSoon();
    return true;
  }

  /** What is sent next is compared with the file as it is now. */
  async #renew(): Promise<void> {
    const { db, flow } = this.#context;
    const paths = [...this.#paths];
    const queued = paths.flatMap((path) => queuedFile(db, flow, path) ?? []);
    const looks = queued.length === 0 ? [] : await this.#thread.ask({ ask: "look", files: queued.map(({ file }) => file) });
    for (const path of paths) this.#paths.delete(path);
    db.transaction(() => {
      for (const [index, { id, path }] of queued.entries()) {
        const look = looks[index]!;
        if (look.kind === "file") renewVersion(db, id, putOf(path, look));
      }
    });
  }

  async #sleep(durationMs: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      this.#wake = () => {
        // What comes soon after is written with it.
        clearTimeout(timer);
        setTimeout(resolve, Math.min(durationMs, GATHER_MS));
        this.#wake = () => undefined;
      };
    });
    this.#wake = () => undefined;
  }

  /** Nothing comes in any more when this resolves. */
  async leave(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#working;
  }

  /** What is owed now is written, where the table can be had. */
  async settle(): Promise<void> {
    const until = performance.now() + LAST_WRITE_MS;
    try {
      while (performance.now() < until && (await this.#writeOwed()));
    } catch (error) {
      if (!(error instanceof TableAway)) throw error;
    }
  }

  /** After the last attempt and the last removal. What cannot be written now is owed over a restart, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
    await this.settle();
    await this.#thread[Symbol.asyncDispose]();
  }
}

function rowOfManifest({ file, path, digest }: Manifest, algorithm: DigestAlgorithm, at: WallMs): NewRow {
  const digestHex = digest.algorithm === algorithm ? digest.hex : null;
  return { file, path, digestHex, registeredAtS: at / 1000, removable: true };
}
