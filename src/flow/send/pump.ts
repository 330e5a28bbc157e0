import { HotdirError } from "../../kernel/errors.ts";
import { isFetched } from "../fetch/is-fetched.ts";
import { nextDueAt, type RunId } from "../ledger/claims.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import { PACK_FILES_MAX } from "../read/source-reader.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { isAccelerated } from "./accelerate.ts";
import type { Active } from "./active.ts";
import { type ClaimedPut, type Result, type SendContext, type Tried, failed } from "./context.ts";
import type { Hold } from "./holding.ts";
import { Judgement } from "./judgement.ts";
import { LaneWatch } from "./lane-watch.ts";
import type { PumpEvents } from "./pump-events.ts";
import type { Pumping } from "./pumping.ts";
import { sendAlone } from "./send-alone.ts";
import { intoPacks, sendPack } from "./small.ts";
import { DestinationWatch } from "./destination-watch.ts";
import { Turns } from "./turns.ts";
import { UnderWay } from "./under-way.ts";

/** Large files under way at once. */
const BULK_MAX = 2;
/** Directories, links, renames, removals and files that may be there already, under way at once. */
const SINGLES_MAX = 256;
/** A lane that broke while the destination was looked at is out of the way by then. */
const LANE_BROKE_MS = 500;
/** What was interrupted has so long to say so. */
const INTERRUPTED_MS = 2000;

/** Takes transfers from the ledger, keeps the lanes full, and writes down how each attempt ended. */
export class Pump implements Pumping {
  readonly #context: SendContext;
  readonly #events: PumpEvents;
  readonly #work: UnderWay;
  readonly #lanes: LaneWatch;
  readonly destination: DestinationWatch;
  #stop = new AbortController();
  #packs: ClaimedPut[][] = [];
  #packing = 0;
  #bulk = 0;
  #singles = 0;
  /** Batches that somebody looks at before they are sent. */
  #atGate = 0;
  #stopped = false;
  readonly #judgement: Judgement;
  readonly #turns: Turns;
  #accepting = false;

  constructor(context: SendContext, run: RunId, events: PumpEvents) {
    this.#context = context;
    this.#events = events;
    this.#turns = new Turns(() => this.#turn(), context.clock, events.broken);
    this.destination = new DestinationWatch(context);
    this.#work = new UnderWay(context, run, events, () => this.wake());
    this.#lanes = new LaneWatch(context, this.active);
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
    this.#lanes.want();
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
    const { link, clock } = this.#context;
    // What falls due during this turn, after it was looked for, must not be taken for something that was considered.
    const begun = clock.steady();
    const { until } = this.#judgement.holding;
    if (until !== null) return this.#turns.at(until);
    if (!link.ready) return this.#lanes.want();
    if (!this.destination.fresh) return this.#lookAtDestination();
    const held = this.#context.gate?.heldUntil() ?? null;
    if (held !== null) return this.#turns.at(held);
    this.#sendPacks();
    if (this.#packs.length === 0 && this.#atGate === 0 && this.#context.reader.canPack && this.#singles < SINGLES_MAX)
      this.#dispatch(this.#work.claim(false, PACK_FILES_MAX));
    if (this.#bulk < BULK_MAX && this.#atGate === 0) this.#dispatch(this.#work.claim(true, BULK_MAX - this.#bulk));
    if (this.#work.paths > 0) this.#lanes.watch(() => (this.#work.paths > 0 ? this.#packing + this.#packs.length : null));
    const due = nextDueAt(this.#context.db, this.#context.flow);
    if (due !== null && due > begun) this.#turns.at(due);
  }

  #dispatch(claimed: ClaimedTransfer[]): void {
    const { gate } = this.#context;
    if (gate === null || claimed.length === 0) return this.#place(claimed);
    this.#atGate++;
    void gate
      .pass(claimed)
      .then(({ sent, ended }) => {
        this.#atGate--;
        // The next run hands back what this one still held.
        if (this.#stopped) return;
        for (const { transfer, outcome } of ended) this.#work.end(transfer, outcome, 0);
        if (this.#accepting) this.#place(sent);
        else for (const transfer of sent) this.#work.handBack(transfer, "hotdir was asked to stop");
        this.wake();
      })
      .catch(this.#events.broken);
  }

  #place(claimed: ClaimedTransfer[]): void {
    const packable: ClaimedPut[] = [];
    for (const transfer of claimed) {
      if (this.#work.refuse(transfer)) continue;
      if (isBulk(transfer)) this.#alone(transfer, "bulk");
      else if (isPackable(this.#context, transfer)) packable.push(transfer);
      else this.#alone(transfer, "single");
    }
    this.#packs.push(...intoPacks(this.#context, packable));
    this.#sendPacks();
    // What was taken may be only a part of what is due.
    if (claimed.length > 0) this.wake();
  }

  #sendPacks(): void {
    while (this.#packs.length > 0 && this.#context.reader.canPack) {
      const puts = this.#packs.shift()!;
      const lane = this.#context.link.pick();
      if (lane === null) {
        for (const put of puts) this.#work.handBack(put, "no lane is open");
        continue;
      }
      this.#packing++;
      lane.holds++;
      void sendPack(this.#context, lane, puts, this.#stop.signal)
        .catch((error: unknown) => puts.map((put): Tried => ({ transfer: put, result: failed(error, "send", true), bytes: 0 })))
        .then((tried) => {
          this.#packing--;
          lane.holds--;
          for (const { transfer, result, bytes } of tried) this.#tried(transfer, result, bytes);
          this.wake();
        });
    }
  }

  #alone(transfer: ClaimedTransfer, kind: "bulk" | "single"): void {
    if (kind === "bulk") this.#bulk++;
    else this.#singles++;
    void this.#sendUnlessOvertaken(transfer)
      .catch((error: unknown): Result => failed(error, "send", true))
      .then((result) => {
        if (kind === "bulk") this.#bulk--;
        else this.#singles--;
        if (result.kind === "overtaken") this.#work.end(transfer, result.outcome, 0);
        else this.#tried(transfer, result, this.active.bytesOf(transfer));
        this.wake();
      });
  }

  async #sendUnlessOvertaken(transfer: ClaimedTransfer): Promise<Result | { kind: "overtaken"; outcome: Outcome }> {
    return (await this.#work.overtaken(transfer)) ?? (await sendAlone(this.#context, transfer, this.#stop.signal));
  }

  #tried(transfer: ClaimedTransfer, result: Result, bytes: number): void {
    this.#work.end(transfer, this.#judgement.outcomeOf(transfer, result), bytes);
  }

  #lookAtDestination(): void {
    void this.#judgement.look().then((end) => {
      if (end === "broken") return this.#turns.at(this.#context.clock.steady() + LANE_BROKE_MS);
      this.wake();
    });
  }

  /** Large files go on where they were. */
  async interrupt(boundMs: number): Promise<void> {
    this.#accepting = false;
    const packs = this.#packs.splice(0);
    for (const put of packs.flat()) this.#work.handBack(put, "hotdir was asked to stop");
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
    this.#stopped = true;
    this.#lanes.stop();
    this.#turns[Symbol.dispose]();
  }
}

/** A file that needs nothing but its bytes to be sent: it can go with others. */
function isPackable(context: SendContext, transfer: ClaimedTransfer): transfer is ClaimedPut {
  const { change, adopt } = transfer;
  return change.kind === "put" && !isFetched(transfer) && !adopt && change.links < 2 && !isAccelerated(context, change.version.sizeBytes);
}

function isBulk(transfer: ClaimedTransfer): boolean {
  return transfer.change.kind === "put" && transfer.bulk;
}
