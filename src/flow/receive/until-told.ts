import type { Handled, Told } from "../bus.ts";
import { owedBy } from "../ledger/announcements.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { TransferId } from "../transfer.ts";

type Waiting = { owed: Set<TransferId>; handled: Handled; end: (handled: Handled) => void };

/**
 * Holds back the answers to messages whose deliveries are still to be told of. Only this host's ledger knows that they are, so a
 * host that is killed for good with the message acknowledged would leave a file that nobody was ever told of.
 */
export class UntilTold {
  readonly #db: Database;
  readonly #flow: FlowId;
  readonly #waiting = new Map<TransferId, Set<Waiting>>();

  constructor(db: Database, flow: FlowId) {
    this.#db = db;
    this.#flow = flow;
  }

  get idle(): boolean {
    return this.#waiting.size === 0;
  }

  /** `signal`: as the message's. */
  answer(told: Told, handled: Handled, signal: AbortSignal, answer: (handled: Handled) => void): void {
    // What comes again is done once more, and told of then.
    const ends = handled.outcome === "done" || handled.outcome === "dead";
    const owed = ends && !signal.aborted ? owedBy(this.#db, this.#flow, told) : [];
    if (owed.length === 0) return answer(handled);
    const lost = (): void => this.#end(waiting, { outcome: "hand-back" });
    const end = (as: Handled): void => {
      signal.removeEventListener("abort", lost);
      answer(as);
    };
    const waiting: Waiting = { owed: new Set(owed), handled, end };
    for (const id of owed) this.#waiting.set(id, (this.#waiting.get(id) ?? new Set()).add(waiting));
    signal.addEventListener("abort", lost);
  }

  /** The broker has what was owed for these, or will not take it. */
  told(transfers: readonly TransferId[]): void {
    for (const id of transfers) {
      for (const waiting of this.#waiting.get(id) ?? []) {
        waiting.owed.delete(id);
        if (waiting.owed.size === 0) this.#end(waiting, waiting.handled);
      }
      this.#waiting.delete(id);
    }
  }

  /** Nobody waits any more: whoever gets the messages next finds the files there, and tells of them. */
  handBack(): void {
    for (const there of this.#waiting.values()) for (const waiting of there) this.#end(waiting, { outcome: "hand-back" });
  }

  #end(waiting: Waiting, handled: Handled): void {
    for (const id of waiting.owed) {
      const there = this.#waiting.get(id);
      there?.delete(waiting);
      if (there?.size === 0) this.#waiting.delete(id);
    }
    waiting.end(handled);
  }
}
