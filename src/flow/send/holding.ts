import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import type { HotdirError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { TransferId } from "../transfer.ts";

/** Refusals without a reason, of different files and nothing else getting through: the destination is taken to be unwell. */
const UNCLEAR_MAX = 3;
const BACKOFF: Backoff = { minMs: 2000, maxMs: 60_000 };
const REMEMBERED_MAX = 10_000;

/** Why nothing is taken from the queue for now. */
export type Hold = { error: HotdirError; until: SteadyMs };

/** Leaves a destination alone while it is unwell (full, read-only, refusing everything), and knows when it got better. */
export class Holding {
  readonly #clock: Clock;
  readonly #log: Log;
  #hold: Hold | null = null;
  #failures = 0;
  /** Counts deliveries, so that a failing file can tell whether others got through since its last try. */
  #deliveries = 0;
  readonly #deliveriesAtFailure = new Map<TransferId, number>();
  readonly #unclear = new Set<TransferId>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get hold(): Hold | null {
    return this.#hold;
  }

  /** null: work may be taken. */
  get until(): SteadyMs | null {
    return this.#hold !== null && this.#clock.steady() < this.#hold.until ? this.#hold.until : null;
  }

  /** Something got through: what was held is over. */
  delivered(transfer: TransferId): void {
    this.#deliveries++;
    this.#deliveriesAtFailure.delete(transfer);
    this.#unclear.clear();
    this.#hold = null;
    this.#failures = 0;
  }

  /** Whether other files got through since this one was last refused without a reason. */
  othersGotThrough(transfer: TransferId): boolean {
    const before = this.#deliveriesAtFailure.get(transfer);
    return before !== undefined && this.#deliveries > before;
  }

  failed(transfer: TransferId, error: HotdirError): void {
    if (error.scope === "destination") return this.begin(error);
    if (error.scope !== "unclear") return;
    if (this.#deliveriesAtFailure.size > REMEMBERED_MAX) this.#deliveriesAtFailure.clear();
    this.#deliveriesAtFailure.set(transfer, this.#deliveries);
    this.#unclear.add(transfer);
    if (this.#unclear.size >= UNCLEAR_MAX) this.begin(error);
  }

  /** Nothing is taken until a back-off has passed. One line for each kind of trouble, however long it lasts. */
  begin(error: HotdirError): void {
    if (this.until !== null) return;
    this.#failures++;
    const delayMs = backoffDelayMs(BACKOFF, this.#failures);
    const level = this.#hold?.error.code === error.code ? "debug" : "warn";
    this.#log[level](`waiting: ${error.message}; trying again in ${(delayMs / 1000).toFixed(1)} s, nothing is lost`);
    this.#hold = { error, until: this.#clock.steady() + delayMs };
  }

  /** The destination answers well again, whether or not anything was sent. */
  end(): void {
    if (this.#hold === null || this.until !== null) return;
    this.#log.info(`going on: ${this.#hold.error.operation} is no trouble any more`);
    this.#hold = null;
  }
}
