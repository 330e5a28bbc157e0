import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { join, show } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import { nextDueAt, type RunId } from "../ledger/claims.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { Active } from "../send/active.ts";
import type { EndsContext } from "../send/ended-attempts.ts";
import type { PumpEvents } from "../send/pump-events.ts";
import type { Pumping } from "../send/pumping.ts";
import { Turns } from "../send/turns.ts";
import { UnderWay } from "../send/under-way.ts";
import { verdict } from "../send/verdict.ts";
import type { RemovePlace } from "../settings.ts";
import type { ClaimedTransfer, TransferId } from "../transfer.ts";
import { type AnnouncedEnd, type AnnouncedFacts, removeAnnounced } from "./announced-removal.ts";

/** Files that are compared at once: each is read by one of the reader's threads. */
const WINDOW = 32;
/** What cannot go now is asked about again after so long. */
const AGAIN_MS = 5000;

export type RemoveContext = EndsContext &
  AnnouncedFacts & {
    place: RemovePlace;
    /** The token of this ledger. */
    ledger: string;
    /** Of what a transfer's message announced. */
    digestOf: (transfer: TransferId) => Digest | null;
  };

/** Takes transfers from the ledger, each of them a file that is elsewhere, removes it here where it is the same, and writes down what came of it. */
export class RemovePump implements Pumping {
  readonly #context: RemoveContext;
  readonly #work: UnderWay;
  readonly #turns: Turns;
  readonly #broken: (error: unknown) => void;
  #count = 0;
  #accepting = false;
  /** Why nothing can be told of any file now. */
  #away: string | null = null;

  constructor(context: RemoveContext, run: RunId, events: PumpEvents) {
    this.#context = context;
    this.#broken = events.broken;
    this.#turns = new Turns(() => this.#turn(), context.clock, events.broken);
    this.#work = new UnderWay(context, run, events, () => this.wake());
  }

  get active(): Active {
    return this.#work.active;
  }

  get underWay(): number {
    return this.#work.count;
  }

  get away(): string | null {
    return this.#away;
  }

  start(): void {
    this.#accepting = true;
    this.wake();
  }

  pause(): void {
    this.#accepting = false;
  }

  wake(): void {
    this.#turns.soon();
  }

  #turn(): void {
    if (!this.#accepting) return;
    const { clock, db, flow } = this.#context;
    const begun = clock.steady();
    for (const bulk of [false, true]) {
      if (this.#count >= WINDOW) return;
      for (const transfer of this.#work.claim(bulk, WINDOW - this.#count)) {
        this.#count++;
        void this.#take(transfer);
      }
    }
    const due = nextDueAt(db, flow);
    if (due !== null && due > begun) this.#turns.at(due);
  }

  async #take(transfer: ClaimedTransfer): Promise<void> {
    const { place, ledger, digestOf } = this.#context;
    const { path } = transfer.change;
    try {
      const about = { root: place.directory, path, transfer: transfer.id, ledger, digest: digestOf(transfer.id), hold: place.hold };
      const end = await removeAnnounced(about, this.#context).catch((error: unknown): AnnouncedEnd => ({
        kind: "refused",
        detail: messageOf(error),
      }));
      this.#away = end.kind === "away" ? end.reason : null;
      this.#work.end(transfer, this.#outcome(transfer, end), 0);
    } catch (error) {
      // The ledger could not be read.
      this.#broken(error);
    }
    this.#count--;
    this.wake();
  }

  #outcome(transfer: ClaimedTransfer, end: AnnouncedEnd): Outcome {
    const { clock, log, place, settings } = this.#context;
    const { path } = transfer.change;
    switch (end.kind) {
      case "gone":
      case "held": {
        log.debug(
          `${show(path)}: ${end.kind === "held" ? `held at ${show(end.at)}` : "removed"}, it is elsewhere (transfer ${transfer.id})`,
        );
        return {
          kind: "delivered",
          receipt: { proof: { basis: "structure" }, durable: false },
          method: "removed",
          retain: { kind: "keep" },
        };
      }
      case "stays":
        return { kind: "superseded", reason: `the file stays: ${end.reason}`, litter: false };
      case "set-aside":
        log.warn(`${show(path)}: what was announced is kept as ${show(end.at)}: it was changed since, and a newer file has its name`);
        return { kind: "superseded", reason: `the file stays, as ${show(end.at)}: it was changed while it was looked at`, litter: false };
      case "waits":
      case "away":
        return { kind: "hand-back", reason: `not removed yet: ${end.reason}`, dueAt: clock.steady() + AGAIN_MS, litter: true };
      case "refused": {
        const error = new HotdirError("source-unreadable", { operation: "remove", path: join(place.directory, path), detail: end.detail });
        const { failures, fence } = transfer;
        const facts = {
          failures,
          attempts: fence.attempt,
          othersGotThrough: false,
          litter: true,
          retry: settings.retry,
          now: clock.steady(),
        };
        return verdict(error, facts);
      }
    }
  }

  /** Each of them ends by itself, soon; what a kill interrupts is taken up again. */
  async interrupt(boundMs: number): Promise<void> {
    this.#accepting = false;
    await this.#work.untilNone(boundMs, () => !this.#accepting);
  }

  async stop(boundMs: number): Promise<void> {
    await this.interrupt(boundMs);
    this.#accepting = false;
    this.#work.flush();
    this.#turns[Symbol.dispose]();
  }
}
