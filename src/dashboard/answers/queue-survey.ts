import type { Database } from "../../flow/ledger/database.ts";
import type { FlowId } from "../../flow/ledger/flows.ts";
import { openRowsAfter } from "../../flow/ledger/open-rows.ts";
import type { TransferId } from "../../flow/transfer.ts";
import { countInto, emptyHistograms, type Histograms } from "./histogram.ts";

/** Rows of one look, about a millisecond; up to as many are counted at once when somebody asks. */
const SLICE_ROWS = 1000;
/** A pass over a long queue takes this part of a processor, and the passes together a tenth of that. */
const SLICE_SHARE = 0.25;
const REST_SHARE = 10;
const REST_MIN_MS = 1000;

export type Survey = { histograms: Histograms; countedAtMs: number; tookMs: number };
export type Surveyed = { last: Survey | null; counting: { files: number } | null };

/**
 * The ages and sizes of what waits in one flow. No index tells them, and there may be a million: they are counted in small
 * slices, only while somebody asks, and what was counted last is told with its time.
 */
export class QueueSurvey implements Disposable {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #failed: (error: unknown) => void;
  #last: Survey | null = null;
  #pass: { startedAtMs: number; histograms: Histograms; after: TransferId } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(db: Database, flow: FlowId, failed: (error: unknown) => void) {
    this.#db = db;
    this.#flow = flow;
    this.#failed = failed;
  }

  /** At once; begins to count anew where the last count is old. A short queue is counted before it answers. */
  ask(nowMs: number): Surveyed {
    const rested = this.#last === null || nowMs - this.#last.countedAtMs > Math.max(REST_MIN_MS, this.#last.tookMs * REST_SHARE);
    if (this.#pass === null && rested) {
      this.#pass = { startedAtMs: nowMs, histograms: emptyHistograms(), after: 0 };
      this.#step();
    }
    return { last: this.#last, counting: this.#pass === null ? null : { files: this.#pass.histograms.files } };
  }

  #step(): void {
    const pass = this.#pass;
    if (pass === null) return;
    const beganAtMs = performance.now();
    const rows = openRowsAfter(this.#db, this.#flow, pass.after, SLICE_ROWS);
    countInto(pass.histograms, rows, pass.startedAtMs);
    if (rows.length < SLICE_ROWS) {
      const nowMs = Date.now();
      this.#last = { histograms: pass.histograms, countedAtMs: nowMs, tookMs: nowMs - pass.startedAtMs };
      this.#pass = null;
      return;
    }
    pass.after = rows.at(-1)?.id ?? pass.after;
    const tookMs = performance.now() - beganAtMs;
    this.#timer = setTimeout(() => this.#next(), tookMs / SLICE_SHARE - tookMs);
  }

  #next(): void {
    try {
      this.#step();
    } catch (error) {
      this.#pass = null;
      this.#failed(error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pass = null;
  }
}
