import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { adoptWaiting } from "../ledger/messages.ts";
import type { TransferId } from "../transfer.ts";
import { Batch, type ReceiveContext, type Work } from "./batch.ts";
import { followEnd } from "./follow-end.ts";
import { followMessage } from "./follow-message.ts";
import { LocalLooks } from "./source-look.ts";

/** What is being written, or cannot be asked, is looked at again after so long; each time twice as long, up to a bound. */
const PUT_OFF_MS = 500;
const PUT_OFF_MAX_MS = 15_000;

export type FollowingEvents = {
  queued: () => void;
  sourceLost: (reason: string) => void;
  /** After each batch. */
  changed: () => void;
  broken: (error: unknown) => void;
};

/** Follows messages and ends of transfers, many in one transaction; what has to wait comes again by itself. */
export class Following implements Disposable {
  readonly #context: ReceiveContext;
  readonly #events: FollowingEvents;
  readonly #timers = new Set<NodeJS.Timeout>();
  #work: Work[] = [];
  #lost: TransferId[] = [];
  #planned = false;
  #looking = 0;
  #ended = false;

  constructor(context: ReceiveContext, events: FollowingEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** Nothing is to be followed any more for now. */
  get idle(): boolean {
    return this.#work.length === 0 && this.#timers.size === 0 && this.#looking === 0;
  }

  follow(work: Work): void {
    this.#work.push(work);
    this.#plan();
  }

  /** Somebody else may follow by now what these transfers came by. */
  lost(transfers: Iterable<TransferId>): void {
    this.#lost.push(...transfers);
    this.#plan();
  }

  /** What comes in one breath is one transaction. */
  #plan(): void {
    if (this.#planned || this.#ended) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      // The ledger may be closed by now; what is left comes again.
      if (this.#ended) return;
      try {
        this.#followAll(this.#work.splice(0), this.#lost.splice(0));
      } catch (error) {
        this.#events.broken(error);
      }
    });
  }

  #followAll(all: Work[], lost: TransferId[]): void {
    const { db, flow, looks } = this.#context;
    using local = new LocalLooks(looks.bases);
    const batch = new Batch(local);
    db.transaction(() => {
      if (lost.length > 0) adoptWaiting(db, flow, lost);
      for (const work of all) this.#followOne(batch, work);
    });
    for (const act of batch.afterwards) act();
    for (const work of batch.putOff) this.#putOff(work);
    for (const { work, look } of batch.looking) this.#await(work, look);
    if (batch.sourceLost !== null) this.#events.sourceLost(batch.sourceLost);
    if (batch.queued > 0) this.#events.queued();
    this.#events.changed();
  }

  #followOne(batch: Batch, work: Work): void {
    if (work.kind === "end") followEnd(this.#context, batch, work);
    else if (!work.message.answered) followMessage(this.#context, batch, work);
  }

  #putOff(work: Work): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.follow({ ...work, waits: work.waits + 1 });
      },
      Math.min(PUT_OFF_MAX_MS, PUT_OFF_MS * 2 ** work.waits),
    );
    this.#timers.add(timer);
  }

  #await(work: Work, look: Promise<Work>): void {
    this.#looking++;
    void look
      .then((looked) => this.follow(looked))
      .catch((error: unknown) => {
        this.#context.log.debug(`the source cannot be asked: ${messageOf(error)}; asked again`);
        if (!this.#goesBack(work, error)) this.#putOff(work);
      })
      .finally(() => this.#looking--);
  }

  /** Whether the messages that wait for this look go back to the queue, since too many wait here for origins that are out of reach. */
  #goesBack(work: Work, error: unknown): boolean {
    const { pending, away } = this.#context;
    if (!(error instanceof HotdirError) || error.scope !== "origin") return false;
    const messages = work.kind === "message" ? [work.message] : pending.waitingFor(work.end.id);
    if (messages.length === 0 || away.keeps(messages)) return false;
    const answer = away.back(messages[0]!.received.told.baseUrl, error.message);
    if (work.kind === "message") work.message.answer(answer);
    else pending.ended(work.end.id, answer);
    return true;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
