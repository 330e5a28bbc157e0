import { claim, keysOf, pathsOf, releaseDeferred, releaseStructural, type RunId } from "../ledger/claims.ts";
import type { EndedAttempt, Outcome } from "../ledger/outcomes.ts";
import { PACK_FILES_MAX } from "../read/source-reader.ts";
import { type ClaimedTransfer, isStructural } from "../transfer.ts";
import { Active } from "./active.ts";
import { EndedAttempts, type EndsContext } from "./ended-attempts.ts";
import type { PumpEvents } from "./pump-events.ts";

/** What waits for a rename or removal is asked about again after so long (the more there are, the longer), or when one has ended. */
const DEFER_MS = 1000;
const DEFER_MAX_MS = 60_000;

/** A removal that must wait for a person is asked about again after so long. */
const REFUSED_AGAIN_MS = 1000;

/** The transfers that a pump holds: from their claim until it is durable how their attempt ended. */
export class UnderWay {
  readonly active = new Active();
  readonly #context: EndsContext;
  readonly #run: RunId;
  readonly #events: PumpEvents;
  readonly #wake: () => void;
  readonly #busy = new Set<string>();
  readonly #ended: EndedAttempts;
  #deferred = 0;

  /** @param wake there may be more to take: paths became free, or what was looked at has to wait for something earlier. */
  constructor(context: EndsContext, run: RunId, events: PumpEvents, wake: () => void) {
    this.#context = context;
    this.#run = run;
    this.#events = events;
    this.#wake = wake;
    this.#ended = new EndedAttempts(context, (attempts, lost) => this.#written(attempts, lost), events.broken, events.recording);
  }

  /** Paths that are taken. */
  get paths(): number {
    return this.#busy.size;
  }

  get count(): number {
    return this.#busy.size + this.#ended.waiting;
  }

  claim(bulk: boolean, limit: number): ClaimedTransfer[] {
    const { db, flow, clock } = this.#context;
    const deferMs = Math.min(DEFER_MAX_MS, DEFER_MS + this.#deferred);
    let deferred = 0;
    const told = (count: number): void => void (deferred = count);
    const claimed = claim(db, {
      flow,
      run: this.#run,
      bulk,
      limit,
      now: clock.steady(),
      busy: (key) => this.#busy.has(key),
      originOf: this.#events.originOf,
      deferMs,
      deferred: told,
    });
    this.#deferred = claimed.length > 0 ? 0 : this.#deferred + deferred;
    // All that was looked at waits for something earlier; what stands behind it may not.
    if (claimed.length === 0 && deferred > 0) this.#wake();
    for (const transfer of claimed) {
      for (const key of keysOf(transfer.change)) this.#busy.add(key);
      this.active.begin(transfer, clock.wall());
    }
    return claimed;
  }

  end(transfer: ClaimedTransfer, result: Outcome, bytes: number): void {
    const outcome = this.#events.ending?.(transfer, result) ?? result;
    this.#ended.add({ transfer, outcome, startedAtMs: this.active.startedAt(transfer), bytes }, this.#busy.size > PACK_FILES_MAX);
  }

  /** Not by its own fault: it waits in the ledger until `dueAt`, uncounted. */
  handBack(transfer: ClaimedTransfer, reason: string, dueAt = this.#context.clock.steady()): void {
    this.end(transfer, { kind: "hand-back", reason, dueAt, litter: false }, 0);
  }

  /** Whether it is a removal that must not be made now: then it has been handed back. */
  refuse(transfer: ClaimedTransfer): boolean {
    const { kind } = transfer.change;
    const reason = kind === "delete" || kind === "rmdir" ? this.#events.refuseRemoval(transfer) : null;
    if (reason !== null) this.handBack(transfer, reason, this.#context.clock.steady() + REFUSED_AGAIN_MS);
    return reason !== null;
  }

  /** Right before it is made true: how a rename or removal ends instead, since the source is another by now; null: it is to be made. */
  async overtaken(transfer: ClaimedTransfer): Promise<{ kind: "overtaken"; outcome: Outcome } | null> {
    const outcome = isStructural(transfer.change) ? ((await this.#events.overtaken?.(transfer)) ?? null) : null;
    return outcome === null ? null : { kind: "overtaken", outcome };
  }

  /** Paths are free for the next version only now that the end is durable. */
  #written(attempts: EndedAttempt[], lost: ReadonlySet<EndedAttempt>): void {
    for (const attempt of attempts) {
      const { transfer, outcome, startedAtMs, bytes } = attempt;
      for (const key of keysOf(transfer.change)) this.#busy.delete(key);
      this.active.end(transfer, outcome.kind === "delivered" ? bytes : null);
      if (lost.has(attempt))
        this.#context.log.warn("an attempt ended that this run does not hold any more; nothing was written for it", {
          transfer: transfer.id,
        });
      else if (outcome.kind === "delivered") this.#events.delivered(transfer, outcome, startedAtMs);
      else this.#events.failed(transfer, outcome);
    }
    const { db, flow, clock } = this.#context;
    if (attempts.some(({ transfer }) => isStructural(transfer.change))) releaseDeferred(db, flow, clock.steady(), DEFER_MAX_MS);
    // Whose changes come by messages has others waiting for their ends: no rename or removal should add a wait of its own to that.
    if (this.#events.originOf !== null) {
      const paths = attempts.flatMap(({ transfer }) => pathsOf(transfer.change));
      releaseStructural(db, flow, clock.steady(), paths);
    }
    this.#events.recorded();
    this.#wake();
  }

  /** What has ended is durable when this returns. */
  flush(): void {
    this.#ended.flush();
  }

  /**
   * What is under way ends by itself within `boundMs`; after that it is interrupted, and has `interruptedMs` to say so. Where it is not `wanted`
   * any more meanwhile, it goes on.
   */
  async endWithin(ladder: { boundMs: number; interruptedMs: number; wanted: () => boolean; interrupt: () => void }): Promise<void> {
    const { boundMs, interruptedMs, wanted, interrupt } = ladder;
    await this.untilNone(boundMs, wanted);
    if (!wanted()) return;
    interrupt();
    await this.untilNone(interruptedMs, wanted);
  }

  /** Until nothing is under way, for so long at most, and while `wanted`. */
  async untilNone(boundMs: number, wanted: () => boolean): Promise<void> {
    const deadline = performance.now() + boundMs;
    while (this.#busy.size > 0 && wanted() && performance.now() < deadline) {
      this.#ended.flush();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
