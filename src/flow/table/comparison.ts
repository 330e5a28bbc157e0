import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { type KnownRow, knownRows } from "../ledger/table-rows.ts";
import type { KnownRows, SeenRow } from "./messages.ts";
import type { TableThread } from "./table-thread.ts";

/** Rows that are followed in one transaction of the ledger: some tens of milliseconds. */
export const FOLLOWED_AT_ONCE = 250;
/** Known rows of a slice: some milliseconds to read them from the ledger. */
const KNOWN_AT_ONCE = 2000;
const BEFORE_ALL = Number.MIN_SAFE_INTEGER;

/** What a slice found other than it was known. */
export type Difference = { rows: SeenRow[]; missing: number[] };

/**
 * A walk along the rows of a table, or along those that wait for something, a slice at a time: what is other than the ledger knows it, and what is
 * not there any more.
 */
export class Comparison {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #which: "all" | "waiting";
  #after = BEFORE_ALL;
  /** How far all rows were compared. */
  #done = false;

  constructor(db: Database, flow: FlowId, which: "all" | "waiting") {
    this.#db = db;
    this.#flow = flow;
    this.#which = which;
  }

  get done(): boolean {
    return this.#done;
  }

  /** How far it came. */
  get through(): number {
    return this.#after;
  }

  /** The next slice. Rejects with `TableAway`; then it goes on from where it was. */
  async next(thread: TableThread): Promise<Difference> {
    const known = knownRows(this.#db, this.#flow, this.#which, this.#after, KNOWN_AT_ONCE);
    const whole = known.length < KNOWN_AT_ONCE;
    if (this.#which === "waiting") {
      const found = known.length === 0 ? { rows: [], missing: [] } : await thread.ask({ ask: "keys", known: packed(known) });
      this.#after = known.at(-1)?.row ?? this.#after;
      this.#done = whole;
      return found;
    }
    const asked = { ask: "range" as const, after: this.#after, open: whole, known: packed(known), limit: FOLLOWED_AT_ONCE };
    const { rows, missing, through, ended } = await thread.ask(asked);
    this.#after = through;
    this.#done = whole && ended;
    return { rows, missing };
  }
}

export const noKnownRows: KnownRows = { rows: new Float64Array(), fingerprints: new Float64Array() };

function packed(known: readonly KnownRow[]): KnownRows {
  return { rows: Float64Array.from(known, ({ row }) => row), fingerprints: Float64Array.from(known, ({ fingerprint }) => fingerprint) };
}
