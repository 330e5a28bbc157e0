import { HotdirError } from "../../kernel/errors.ts";
import { isFetched } from "../fetch/is-fetched.ts";
import { nextDueAt } from "../ledger/claims.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { Active } from "../send/active.ts";
import { type ClaimedPut, failed, type Result } from "../send/context.ts";
import type { Hold } from "../send/holding.ts";
import { Judgement } from "../send/judgement.ts";
import type { PumpEvents } from "../send/pump-events.ts";
import type { Pumping } from "../send/pumping.ts";
import { Turns } from "../send/turns.ts";
import { UnderWay } from "../send/under-way.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import type { CommandContext } from "./command-context.ts";
import { applyByCommand } from "./command-structure.ts";
import { FarWatch } from "./far-watch.ts";
import { intoRounds } from "./rounds.ts";
import { sendRound } from "./send-round.ts";

/** Directories, links, renames and removals under way at once: they go together, in few runs of the remote command. */
const SINGLES_MAX = 256;
/** Files that are taken for each round that may run, so that there are enough of one directory among them. */
const TAKEN_PER_ROUND = 4;
const TAKEN_MAX = 1000;
const BROKE_MS = 500;
const INTERRUPTED_MS = 5000;

/** Takes transfers from the ledger, sends them in rounds by the user's commands, and writes down how each attempt ended. */
export class CommandPump implements Pumping {
  readonly #context: CommandContext;
  readonly #events: PumpEvents;
  readonly #work: UnderWay;
  readonly #turns: Turns;
  readonly #judgement: Judgement;
  readonly destination: FarWatch;
  #rounds: ClaimedPut[][] = [];
  #running = 0;
  #singles = 0;
  #looking = false;
  #accepting = false;
  #stop = new AbortController();

  constructor(context: CommandContext, events: PumpEvents) {
    this.#context = context;
    this.#events = events;
    this.#turns = new Turns(() => this.#turn(), context.clock, events.broken);
    this.destination = new FarWatch(context);
    this.#work = new UnderWay(context, context.run, events, () => this.wake());
    this.#judgement = new Judgement(context, events, this.destination);
  }

  get hold(): Hold | null {
    return this.#judgement.holding.hold;
  }

  get active(): Active {
    return this.#work.active;
  }

  get underWay(): number {
    return this.#work.count;
  }

  start(): void {
    this.#accepting = true;
    this.#context.link.want(1);
    this.wake();
  }

  pause(): void {
    this.#accepting = false;
  }

  wake(): void {
    this.#turns.soon();
  }

  #turn(): void {
    if (!this.#accepting || this.#stop.signal.aborted) return;
    const { link, clock, db, flow, settings, place } = this.#context;
    const begun = clock.steady();
    const { until } = this.#judgement.holding;
    if (until !== null) return this.#turns.at(until);
    if (!link.ready) return link.want(1);
    if (!this.destination.fresh) return this.#lookAtDestination();
    this.#startRounds();
    const free = settings.destination.lanesMax - this.#running;
    if (free > 0 && this.#rounds.length === 0 && this.#singles < SINGLES_MAX) {
      const limit = Math.min(TAKEN_MAX, Math.max(SINGLES_MAX, free * place.batchMax * TAKEN_PER_ROUND));
      for (const bulk of [false, true]) this.#dispatch(this.#work.claim(bulk, limit));
    }
    const due = nextDueAt(db, flow);
    if (due !== null && due > begun) this.#turns.at(due);
  }

  #dispatch(claimed: ClaimedTransfer[]): void {
    const puts: ClaimedPut[] = [];
    for (const transfer of claimed) {
      if (this.#work.refuse(transfer)) continue;
      if (isPut(transfer)) puts.push(transfer);
      else this.#single(transfer);
    }
    this.#rounds.push(...intoRounds(puts, this.#context.place.batchMax));
    this.#startRounds();
    // What was taken may be only a part of what is due.
    if (claimed.length > 0) this.wake();
  }

  #startRounds(): void {
    while (this.#rounds.length > 0 && this.#running < this.#context.settings.destination.lanesMax) {
      const puts = this.#rounds.shift()!;
      this.#running++;
      void sendRound(this.#context, puts, this.#stop.signal)
        .catch((error: unknown) => {
          // The ledger could not be written.
          this.#events.broken(error);
          return puts.map((put) => ({ transfer: put, result: failed(error, "send", true), bytes: 0 }));
        })
        .then((tried) => {
          this.#running--;
          for (const { transfer, result, bytes } of tried) this.#work.end(transfer, this.#judgement.outcomeOf(transfer, result), bytes);
          this.wake();
        });
    }
  }

  #single(transfer: ClaimedTransfer): void {
    this.#singles++;
    void this.#applyUnlessOvertaken(transfer)
      .catch((error: unknown): Result => failed(error, transfer.change.kind, true))
      .then((result) => {
        this.#singles--;
        this.#work.end(transfer, result.kind === "overtaken" ? result.outcome : this.#judgement.outcomeOf(transfer, result), 0);
        this.wake();
      });
  }

  async #applyUnlessOvertaken(transfer: ClaimedTransfer): Promise<Result | { kind: "overtaken"; outcome: Outcome }> {
    return (await this.#work.overtaken(transfer)) ?? (await applyByCommand(this.#context, transfer, this.#stop.signal));
  }

  #lookAtDestination(): void {
    if (this.#looking) return;
    this.#looking = true;
    void this.#judgement.look().then((when) => {
      this.#looking = false;
      if (when === "broken") return this.#turns.at(this.#context.clock.steady() + BROKE_MS);
      this.wake();
    });
  }

  /** What is sent again was not counted, and is proved like the first time. */
  async interrupt(boundMs: number): Promise<void> {
    this.#accepting = false;
    for (const put of this.#rounds.splice(0).flat()) this.#work.handBack(put, "hotdir was asked to stop");
    const interrupt = (): void => {
      this.#stop.abort(new HotdirError("interrupted", { operation: "send" }));
      this.#stop = new AbortController();
    };
    await this.#work.endWithin({ boundMs, interruptedMs: INTERRUPTED_MS, wanted: () => !this.#accepting, interrupt });
  }

  async stop(boundMs: number): Promise<void> {
    await this.interrupt(boundMs);
    this.#accepting = false;
    this.#stop.abort(new HotdirError("interrupted", { operation: "send" }));
    this.#work.flush();
    this.#turns[Symbol.dispose]();
  }
}

/** A rule has refused sources whose files are elsewhere. */
function isPut(transfer: ClaimedTransfer): transfer is ClaimedPut {
  return transfer.change.kind === "put" && !isFetched(transfer);
}
