import type { WallMs } from "../../kernel/clock.ts";
import { show } from "../../kernel/path.ts";
import * as read from "../ledger/table-source.ts";
import { Comparison, type Difference, FOLLOWED_AT_ONCE, noKnownRows } from "./comparison.ts";
import type { TableCounts } from "./counts.ts";
import type { FollowContext } from "./follow-rows.ts";
import type { TableThread } from "./table-thread.ts";

/** Between slices, so that a long comparison leaves the disk and this thread to the others. */
const SLICE_PAUSE_MS = 2;
/** Rows that wait are compared again after so many times what it took to compare them. */
const WAITING_SHARE = 4;

/**
 * What is read of a table, and when. Whether anything may have changed is asked often, and costs nothing where nothing did; if so the rows after
 * the last one are read, and those that wait for something are compared. All of them are compared at the start, with another file or another table,
 * where rows went, and every `rescan`.
 */
export class TableReading {
  readonly #context: FollowContext;
  readonly #thread: TableThread;
  readonly #counts: TableCounts;
  readonly #found: (difference: Difference, through: number | null) => void;
  #polledAt = Number.NEGATIVE_INFINITY;
  #comparedAt = 0;
  #version: string | null = null;
  #identity: string | null = null;
  #isChanged = true;
  #hasNew = false;
  #all: Comparison | null = null;
  #waiting: { comparison: Comparison; begunAt: number } | null = null;
  #waitingDueAt = 0;
  #scanned = false;
  #askedAtMs: WallMs = 0;
  #readAtMs: WallMs | null = null;

  /** @param found is told what is to be followed, and up to which row new ones were read then. */
  constructor(
    context: FollowContext,
    thread: TableThread,
    counts: TableCounts,
    found: (difference: Difference, through: number | null) => void,
  ) {
    this.#context = context;
    this.#thread = thread;
    this.#counts = counts;
    this.#found = found;
    read.readSoFar(context.db, context.flow);
  }

  get scanned(): boolean {
    return this.#scanned;
  }

  /** All that was there when it was last asked is followed. */
  get idle(): boolean {
    return this.#scanned && !this.#isChanged && !this.#hasNew && this.#all === null && this.#waiting === null;
  }

  /** All that was there by then is followed; null: nobody knows yet. */
  get readAtMs(): WallMs | null {
    return this.#readAtMs;
  }

  /** Rows that wait are compared once more. */
  compareSoon(): void {
    this.#isChanged = true;
  }

  /** Whatever is there by now is taken for changed. */
  askSoon(): void {
    this.#version = null;
    this.#polledAt = Number.NEGATIVE_INFINITY;
  }

  beginAnew(): void {
    const { db, flow } = this.#context;
    read.beginComparison(db, flow);
    this.#all = new Comparison(db, flow, "all");
    this.#waiting = null;
    this.#hasNew = false;
    this.#scanned = false;
    this.#readAtMs = null;
  }

  /** One short piece of work; how long there is nothing to do after it. Rejects with `TableAway`. */
  async step(): Promise<number> {
    const { source, clock } = this.#context;
    if (clock.steady() - this.#polledAt >= source.pollMs) await this.#poll();
    if (this.#hasNew) await this.#readNew();
    else if (this.#waiting !== null) await this.#compareWaiting(this.#waiting);
    else if (this.#all !== null) await this.#compareAll(this.#all);
    else {
      this.#tellRead();
      return Math.max(0, this.#polledAt + source.pollMs - clock.steady());
    }
    this.#tellRead();
    return SLICE_PAUSE_MS;
  }

  #tellRead(): void {
    if (this.#scanned && !this.#hasNew) this.#readAtMs = this.#askedAtMs;
  }

  async #poll(): Promise<void> {
    const { db, flow, source, clock } = this.#context;
    const askedAtMs = clock.wall();
    const { identity: file, version, last } = await this.#thread.ask({ ask: "poll" });
    this.#counts.iterations++;
    this.#polledAt = clock.steady();
    this.#askedAtMs = askedAtMs;
    const { identity, high } = read.readSoFar(db, flow);
    const now = identityOf(source, file);
    // A table that goes less far than it did was restored, or emptied.
    if ((this.#identity ?? identity) !== now || (high !== null && last < high)) this.beginAnew();
    this.#identity = now;
    const isDue = !this.#scanned || clock.steady() - this.#comparedAt >= source.rescanMs;
    if (this.#all === null && isDue) this.#all = new Comparison(db, flow, "all");
    this.#isChanged ||= version !== this.#version;
    this.#version = version;
    // While all rows are compared for the first time there is nothing that others could be told apart from.
    if (!this.#isChanged || !this.#scanned) return;
    this.#hasNew = high !== null && last > high;
    if (this.#waiting !== null || clock.steady() < this.#waitingDueAt) return;
    this.#waiting = { comparison: new Comparison(db, flow, "waiting"), begunAt: clock.steady() };
    this.#isChanged = false;
  }

  async #readNew(): Promise<void> {
    const { db, flow } = this.#context;
    const after = read.readSoFar(db, flow).high ?? 0;
    const found = await this.#thread.ask({ ask: "range", after, open: true, known: noKnownRows, limit: FOLLOWED_AT_ONCE });
    if (!this.#hasNew) return;
    this.#found(found, found.through);
    this.#hasNew = !found.ended;
  }

  async #compareWaiting({ comparison, begunAt }: { comparison: Comparison; begunAt: number }): Promise<void> {
    const { clock } = this.#context;
    const found = await comparison.next(this.#thread);
    if (this.#waiting?.comparison !== comparison) return;
    this.#found(found, null);
    if (!comparison.done) return;
    this.#waiting = null;
    this.#waitingDueAt = clock.steady() + WAITING_SHARE * (clock.steady() - begunAt);
  }

  async #compareAll(comparison: Comparison): Promise<void> {
    const { db, flow, clock } = this.#context;
    const found = await comparison.next(this.#thread);
    if (this.#all !== comparison) return;
    this.#found(found, comparison.done ? comparison.through : null);
    if (!comparison.done) return;
    this.#all = null;
    this.#scanned = true;
    this.#comparedAt = clock.steady();
    if (this.#identity !== null) read.endComparison(db, flow, this.#identity);
    // Rows that it had passed may be others since.
    this.askSoon();
  }
}

/** All rows have to be compared where another file is there, or others of its rows are ours. */
function identityOf({ database, table, columns, where, algorithm }: FollowContext["source"], file: string): string {
  return JSON.stringify([file, show(database), table, columns, where, algorithm]);
}
