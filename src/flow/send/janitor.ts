import type { SteadyMs } from "../../kernel/clock.ts";
import { endedBefore } from "../ledger/litter-age.ts";
import { litter, litterRemoved } from "../ledger/segments.ts";
import type { TransferId } from "../transfer.ts";
import type { SendContext } from "./context.ts";
import { removeInflight } from "./leftovers.ts";

const EVERY_MS = 5000;
const BATCH = 256;
/** What a connection of a killed daemon still holds may reach the destination so long after its end (keep-alives give up then). */
const LATE_MS = 90_000;

/** Removes inflight files of ours that no transfer will use any more. Others' are never touched: only names that the ledger made are. */
export class Janitor implements AsyncDisposable {
  readonly #context: SendContext;
  readonly #broken: (error: unknown) => void;
  readonly #startedAt: SteadyMs;
  #timer: NodeJS.Timeout | null = null;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param broken The ledger fails: nothing can go on. */
  constructor(context: SendContext, broken: (error: unknown) => void) {
    this.#context = context;
    this.#broken = broken;
    this.#startedAt = context.clock.steady();
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#working = this.sweep()
        .catch(this.#broken)
        .finally(() => {
          if (!this.#stopped) this.start();
        });
    }, EVERY_MS);
  }

  /** What could not be removed now, since there is no connection, is tried at the next round. */
  async sweep(): Promise<void> {
    const { db, flow, link, clock } = this.#context;
    let after: TransferId = 0;
    for (;;) {
      const lefts = litter(db, flow, after, BATCH);
      const lane = link.pick();
      if (lefts.length === 0 || lane === null || this.#stopped) return;
      const gone = await Promise.all(lefts.map((left) => removeInflight(this.#context, lane.files, left)));
      // An earlier daemon's connections may still be writing: what was removed is looked for again until they cannot.
      const removed = lefts.filter((_, at) => gone[at]).map((left) => left.id);
      const isSettled = clock.steady() - this.#startedAt > LATE_MS;
      litterRemoved(db, isSettled ? removed : endedBefore(db, removed, clock.wall() - LATE_MS));
      after = lefts.at(-1)!.id;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
  }
}
