import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../kernel/clock.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { show } from "../../kernel/path.ts";
import { movesFiles } from "../guarantee.ts";
import type { Bus, Handled, Received, Subscription } from "../bus.ts";
import type { Entrance } from "../entrance.ts";
import type { OriginSet } from "../fetch/contract.ts";
import type { IntakeEvents } from "../intake.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { adoptWaiting, originsIn, underWay } from "../ledger/messages.ts";
import type { OriginOf } from "../ledger/claims.ts";
import type { Outcome } from "../ledger/outcomes.ts";
import type { FlowSettings, SubscribedSource } from "../settings.ts";
import { type Change, type ClaimedTransfer, isStructural, type TransferId } from "../transfer.ts";
import { Away } from "./away.ts";
import type { EndedTransfer, ReceiveContext } from "./batch.ts";
import { route } from "./follow-message.ts";
import { Following } from "./following.ts";
import { HoldingBack, withRoom } from "./holding-back.ts";
import { Looks } from "./looks.ts";
import { Pending } from "./pending.ts";
import { placesOf } from "./places.ts";
import { LocalLooks } from "./source-look.ts";
import { UntilTold } from "./until-told.ts";
import { whatStops } from "./stands.ts";

export type ReceiverOptions = {
  db: Database;
  flow: FlowId;
  settings: FlowSettings;
  source: SubscribedSource;
  bus: Bus;
  origins: OriginSet;
  /** As the far end lists what is there. */
  listBelow: ReceiveContext["listBelow"];
  clock: Clock;
  log: Log;
  events: IntakeEvents;
};

/** A source that is away, or cannot be asked, is asked again after so long. */
const ASK_AGAIN_MS = 2000;
/** What the broker told of its queue is so old at most; what came since is known here. */
const QUEUE_TOLD_MS = 5000;

/** What comes in by messages: the entrance of a flow in the place of `Intake`. */
export class Receiver implements Entrance {
  readonly watching = null;
  readonly scanned = true;
  readonly originOf: OriginOf;
  readonly #options: ReceiverOptions;
  readonly #context: ReceiveContext;
  readonly #pending = new Pending();
  readonly #following: Following;
  readonly #heldBack: HoldingBack;
  readonly #untilTold: UntilTold;
  /** Paths whose transfer found another source than it was to send: looked at when that attempt has ended. */
  readonly #changed = new Set<string>();
  #subscription: Subscription | null = null;
  #taking = false;
  #stopped = false;
  #leaving: Promise<void> = Promise.resolve();
  #sourceLost = false;
  #lostTimer: NodeJS.Timeout | null = null;
  #receivedAt = performance.now();

  constructor(options: ReceiverOptions) {
    const { db, flow, settings, source, bus, clock, log, origins, events, listBelow } = options;
    this.#options = options;
    this.originOf = originsIn(db, (body) => bus.read(body));
    const away = new Away(source.subscription.prefetch, origins, clock);
    this.#context = {
      db,
      flow,
      settings,
      source,
      bus,
      clock,
      log,
      looks: new Looks(source, origins),
      pending: this.#pending,
      away,
      listBelow,
    };
    this.#following = new Following(this.#context, { ...events, sourceLost: (reason) => this.#loseSource(reason) });
    const quietMs = source.settle.kind === "quiet" ? source.settle.quietMs : 0;
    this.#untilTold = new UntilTold(db, flow);
    this.#heldBack = new HoldingBack(quietMs, (message, routed) =>
      this.#following.follow({ kind: "message", message, routed, now: null, waits: 0 }),
    );
  }

  /** How it stands with the broker; null: nothing is taken now. */
  get subscription(): Subscription | null {
    return this.#subscription;
  }

  /** Why no message can come for now; null: nothing is known against it. */
  get trouble(): string | null {
    const state = this.#subscription?.state;
    if (state?.state !== "waiting") return null;
    const { broker, queue } = this.#options.source.subscription;
    return `take messages of ${broker.url} ${queue}: ${state.reason}`;
  }

  start(): void {
    // Another host may have done meanwhile what waited here.
    adoptWaiting(this.#context.db, this.#context.flow, null);
    this.#options.events.rootFound(null);
  }

  /** Whether all that the queue held, also what waits there to come again, has been followed. */
  get idle(): boolean {
    const subscription = this.#subscription;
    if (subscription === null || subscription.state.state !== "ready") return false;
    const { messages, waiting } = subscription.queue;
    const heard = performance.now() - this.#receivedAt <= QUEUE_TOLD_MS;
    return !heard && this.#pending.size === 0 && this.#following.idle && (messages ?? 0) === 0 && (waiting ?? 0) === 0;
  }

  /** Takes messages from now on, until `leave`. */
  take(): void {
    if (this.#taking || this.#stopped || this.#sourceLost) return;
    this.#taking = true;
    void this.#leaving.then(() => {
      if (!this.#taking || this.#subscription !== null) return;
      const { bus, source, settings } = this.#options;
      this.#receivedAt = performance.now();
      this.#subscription = bus.subscribe(withRoom(source), settings.name, (received, signal) => this.#handle(received, signal));
      this.#options.events.changed();
    });
  }

  /**
   * Takes no more. What is being sent has so long to come to its end; the messages of all the rest go to somebody else at once.
   * What waits in the ledger stays there: when it is sent, it is looked for first.
   */
  leave(graceMs: number): Promise<void> {
    this.#taking = false;
    const subscription = this.#subscription;
    this.#subscription = null;
    this.#leaving = this.#leaving.then(() => this.#handBack(subscription, graceMs));
    return this.#leaving;
  }

  async #handBack(subscription: Subscription | null, graceMs: number): Promise<void> {
    const closed = subscription?.[Symbol.asyncDispose]() ?? Promise.resolve();
    const open = [...this.#pending];
    const sent = new Set(underWay(this.#context.db, [...new Set(open.flatMap((message) => [...message.open]))]));
    for (const message of open) if (![...message.open].some((id) => sent.has(id))) message.answer({ outcome: "hand-back" });
    const deadline = performance.now() + graceMs;
    while ((this.#pending.size > 0 || !this.#untilTold.idle) && performance.now() < deadline && !this.#stopped) await sleep(10);
    for (const message of this.#pending) message.answer({ outcome: "hand-back" });
    this.#untilTold.handBack();
    this.#heldBack.clear();
    // Others follow them from now on.
    if (open.length > 0) adoptWaiting(this.#context.db, this.#context.flow, null);
    try {
      await closed;
    } catch (error) {
      this.#context.log.warn(`leaving the queue: ${messageOf(error)}`);
    }
  }

  async watchAnew(): Promise<void> {
    this.#context.looks.bases.forget();
    this.#findSource();
  }

  #handle(received: Received, signal: AbortSignal): Promise<Handled> {
    return new Promise((resolve) => {
      const { told } = received;
      const { settings } = this.#context;
      this.#receivedAt = performance.now();
      const answer = (handled: Handled): void =>
        settings.announce === null ? resolve(handled) : this.#untilTold.answer(told, handled, signal, resolve);
      const message = this.#pending.add(received, signal, answer, ({ open }) => this.#following.lost(open));
      if (!this.#taking) return message.answer({ outcome: "hand-back" });
      const routed = route(this.#context, told);
      if ("refused" in routed) {
        this.#context.log.debug(`${show(told.change.path)}: ${routed.refused}`);
        return message.answer({ outcome: "done" });
      }
      const aside = this.#context.away.answerTo(message);
      if (aside !== null) return message.answer(aside);
      if (this.#heldBack.hold(message, routed, this.#context.clock.wall())) return;
      this.#following.follow({ kind: "message", message, routed, now: null, waits: 0 });
    });
  }

  /** P4: nothing is said to be gone, and nothing removed, because the source as a whole went away. */
  #loseSource(reason: string): void {
    if (this.#sourceLost || this.#stopped) return;
    this.#sourceLost = true;
    this.#options.events.rootLost(reason);
    void this.leave(0);
    this.#lostTimer = setInterval(() => {
      if (!this.#context.looks.bases.areLost) this.#findSource();
    }, ASK_AGAIN_MS);
  }

  #findSource(): void {
    if (this.#lostTimer !== null) clearInterval(this.#lostTimer);
    if (!this.#sourceLost || this.#stopped) return;
    this.#sourceLost = false;
    this.#options.events.rootFound(null);
  }

  /** Files that a person names go to flows that take posts. */
  admit(): void {
    throw new HotdirError("bad-usage", { operation: "post", detail: `${this.#context.settings.name} takes its changes from messages` });
  }

  /** Others know of these deliveries by now, or will not be told. */
  told(transfers: readonly TransferId[]): void {
    this.#untilTold.told(transfers);
  }

  /** The pump found another source than it was to send. */
  look(paths: readonly string[]): void {
    for (const path of paths) this.#changed.add(path);
  }

  /**
   * A counted failure is the message's, which comes again to any host; without one it is tried again here. So is what waits for an origin that
   * is out of reach, unless too much waits for such.
   */
  ending(transfer: ClaimedTransfer, outcome: Outcome): Outcome {
    if (!this.#pending.has(transfer.id)) return outcome;
    if (outcome.kind === "hand-back" && outcome.away !== undefined && transfer.origin !== null) {
      const { away: error, litter } = outcome;
      if (this.#context.away.keeps(this.#pending.waitingFor(transfer.id))) return outcome;
      const { afterMs } = this.#context.away.back(transfer.origin.baseUrl, error.message);
      return { kind: "give-back", error, afterMs, litter, counted: false };
    }
    if (outcome.kind !== "back-off") return outcome;
    const { error, dueAt, litter } = outcome;
    return { kind: "give-back", error, afterMs: Math.max(0, dueAt - this.#context.clock.steady()), litter, counted: true };
  }

  /** Why a rename or removal is not made, right before it would be: the source is another by now, or cannot be asked. */
  async overtaken({ id, change }: ClaimedTransfer): Promise<Outcome | null> {
    const { settings, looks, clock, log } = this.#context;
    const places = placesOf(this.#context, id, change);
    if (!isStructural(change) || places === null || !movesFiles(settings)) return null;
    const later = (reason: string): Outcome => ({ kind: "hand-back", reason, dueAt: clock.steady() + ASK_AGAIN_MS, litter: false });
    using local = new LocalLooks(looks.bases);
    try {
      const stops = whatStops(change, await looks.now(places.row.baseUrl, places, local));
      if (stops === null) return null;
      return stops.ends ? { kind: "superseded", reason: stops.reason, litter: false } : later(stops.reason);
    } catch (error) {
      log.debug(`the source cannot be asked: ${messageOf(error)}; asked again`);
      return later(messageOf(error));
    }
  }

  /** How an attempt ended; in the ledger by now. */
  ended(transfer: ClaimedTransfer, outcome: Outcome): void {
    const { id, change, fence, origin } = transfer;
    const isChanged = this.#changed.delete(change.path);
    const end = (kind: EndedTransfer["kind"], about: { tried: boolean; made: boolean }): void => {
      const ended: EndedTransfer = { kind, id, change, ...about, sizeKnown: origin?.sizeKnown ?? true, below: null };
      this.#following.follow({ kind: "end", end: ended, now: null, waits: 0 });
    };
    switch (outcome.kind) {
      case "delivered":
        return end("delivered", { tried: true, made: !isUnproved(change, outcome) });
      case "superseded":
        return end("superseded", { tried: true, made: false });
      case "give-back":
        return this.#pending.ended(id, {
          outcome: "again",
          afterMs: outcome.afterMs,
          reason: outcome.error.message,
          counted: outcome.counted,
        });
      case "give-up":
        return this.#pending.ended(id, { outcome: "dead", reason: outcome.error.message });
      case "back-off":
      case "hand-back":
        if (isChanged) end("open", { tried: fence.attempt > 1, made: false });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#lostTimer !== null) clearInterval(this.#lostTimer);
    await this.leave(0);
    this.#following[Symbol.dispose]();
  }
}

/** A rename whose file was another one by then: only its old name went. Of a symlink nothing is proved at all. */
function isUnproved(change: Change, { receipt }: Outcome & { kind: "delivered" }): boolean {
  return change.kind === "rename" && !change.directory && receipt.proof.basis === "structure";
}
