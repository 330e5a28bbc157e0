import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type AbsPath, show } from "../../kernel/path.ts";
import { countOwedRows, enteredRow, firstOwedRows, type OwedRow, refusedRow } from "../ledger/catalog-owed.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { Turns } from "../send/turns.ts";
import { type Catalog, describeRow, type Entered } from "./catalog.ts";

/** Entered in one transaction of the catalog, which others wait for. */
const WINDOW = 256;
const AGAIN: Backoff = { minMs: 500, maxMs: 30_000 };
/** What the catalog has no place for may have one once somebody changed its rows. */
const REFUSED_AGAIN_MS = 60_000;

export type EntryWriterOptions = {
  catalog: Catalog;
  db: Database;
  /** The flow, and the rows that it had before at the same destination. */
  flows: readonly FlowId[];
  /** What paths of the catalog are below. */
  directory: AbsPath;
  clock: Clock;
  log: Log;
  changed: () => void;
  /** The ledger fails: nothing can go on. */
  broken: (error: unknown) => void;
};

/**
 * Enters deliveries into the catalog: what the ledger owes is written there, and is owed until it is. After a kill between the two the row is
 * found there already. Transfers never wait for it; source files do not go before their rows are there.
 */
export class EntryWriter implements Disposable {
  readonly #options: EntryWriterOptions;
  readonly #turns: Turns;
  #trouble: string | null = null;
  #failures = 0;
  #notBefore: SteadyMs = 0;
  #refusedAt: SteadyMs = 0;
  #ended = false;

  constructor(options: EntryWriterOptions) {
    this.#options = options;
    this.#turns = new Turns(() => this.#turn(), options.clock, options.broken);
  }

  /** Why nothing can be entered for now; null: nothing is known against it. */
  get trouble(): string | null {
    return this.#trouble;
  }

  get counts(): { owed: number; refused: number } {
    const each = this.#options.flows.map((flow) => countOwedRows(this.#options.db, flow));
    return { owed: each.reduce((sum, { owed }) => sum + owed, 0), refused: each.reduce((sum, { refused }) => sum + refused, 0) };
  }

  wake(): void {
    if (!this.#ended) this.#turns.soon();
  }

  /** What is owed now is entered when this returns, or cannot be for now. */
  finish(): void {
    if (this.#ended || this.#notBefore > this.#options.clock.steady()) return;
    while (this.#write(false)) void 0;
  }

  #turn(): void {
    const { clock } = this.#options;
    if (this.#ended) return;
    const now = clock.steady();
    if (this.#notBefore > now) return this.#turns.at(this.#notBefore);
    if (this.#write(false)) return this.wake();
    if (this.#refusedAt > now) return this.#turns.at(this.#refusedAt);
    this.#refusedAt = now + REFUSED_AGAIN_MS;
    this.#write(true);
    this.#turns.at(this.#refusedAt);
  }

  /** Whether there may be more. */
  #write(refused: boolean): boolean {
    const { catalog, db, flows, clock, log } = this.#options;
    const owed = flows.flatMap((flow) => firstOwedRows(db, flow, WINDOW, refused)).slice(0, WINDOW);
    if (owed.length === 0) return false;
    let found: Entered[];
    try {
      found = catalog.enterAll(owed);
    } catch (error) {
      const trouble = messageOf(error);
      this.#failures++;
      this.#notBefore = clock.steady() + backoffDelayMs(AGAIN, this.#failures);
      if (this.#trouble === null) log.warn(`what is delivered is not entered for now: ${trouble}; tried again by itself`);
      this.#trouble = trouble;
      this.wake();
      this.#options.changed();
      return false;
    }
    if (this.#trouble !== null) log.info("deliveries are entered into the catalog again");
    [this.#trouble, this.#failures, this.#notBefore] = [null, 0, 0];
    db.transaction(() => found.forEach((lookup, at) => this.#settle(owed[at]!, lookup, refused)));
    this.#options.changed();
    return owed.length === WINDOW;
  }

  #settle(owed: OwedRow, found: Entered, again: boolean): void {
    const { db, directory, log } = this.#options;
    if (found.kind === "none" || found.kind === "same") return enteredRow(db, owed.transfer);
    const reason =
      found.kind === "refused"
        ? `the table takes no such row: ${found.detail}`
        : `${describeRow(found.row, directory)} has ${found.by === "name" ? "its name and other content" : "its content and another name"}`;
    refusedRow(db, owed.transfer, reason);
    if (!again)
      log.warn(
        `${show(owed.path)} is delivered and cannot be entered into the catalog: ${reason}; its source file stays, and it is tried again by itself`,
      );
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#turns[Symbol.dispose]();
    this.#options.catalog[Symbol.dispose]();
  }
}
