import type { Handle, Handled, Received, SubscriptionCounts } from "../../flow/bus.ts";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { redact } from "../../kernel/redact.ts";
import { readTold } from "../messages/told.ts";
import { RefusalLog } from "../refusal-log.ts";
import { bury, firstTopicOf, nameOfMessage } from "./dead-letters.ts";
import type { Arrival } from "./packets.ts";
import { Places } from "./places.ts";
import { Waits } from "./waits.ts";
import type { Wire } from "./wire.ts";

const DONE_MAX = 10_000;

/** A handler that throws, and a dead letter that the broker does not take, are tried again after so long. */
const AFTER_FAULT_MS = 30_000;
/** As long as we are connected nobody else can be given it: it is asked for here once more. */
const AFTER_HAND_BACK_MS = 1000;

/** At the end, the flow hands back what it has under way; what it does not within this comes again. */
const DRAIN_MS = 10_000;

export type WorkerSettings = { queue: string; exchange: string; prefetch: number; handle: Handle; clock: Clock; log: Log };

/** Brings each message to its outcome, and acknowledges it in the act after; over whichever connection it came. */
export class Worker implements AsyncDisposable {
  readonly #settings: WorkerSettings;
  readonly #stop = new AbortController();
  readonly #places: Places;
  readonly #waits = new Waits();
  /** Which connection each message that is under way came by. */
  readonly #names = new Map<string, Wire>();
  /** The last that were done: the guard may have a copy. */
  readonly #done = new Set<string>();
  readonly #underWay = new Map<Promise<void>, Wire>();
  readonly #idle = new WeakMap<Wire, AbortSignal>();
  readonly #refusals: RefusalLog;
  readonly #counts = { received: 0, done: 0, again: 0, dead: 0, handedBack: 0 };
  /** Held until they are due. */
  held = 0;
  /** Since the dead were last counted. */
  buried = 0;

  constructor(settings: WorkerSettings) {
    this.#settings = settings;
    this.#places = new Places(settings.prefetch);
    this.#refusals = new RefusalLog(settings.log, settings.clock, settings.queue);
  }

  get counts(): SubscriptionCounts {
    const { refused } = this.#refusals;
    return { ...this.#counts, dead: Math.max(0, this.#counts.dead - refused), refused };
  }

  take(wire: Wire, arrival: Arrival): void {
    if (this.#stop.signal.aborted) return;
    const name = nameOfMessage(arrival.topic, arrival.payload);
    // A second copy of what is done, or of what another live connection holds unacknowledged: nothing hangs on this one.
    if (this.#done.has(name) || this.#names.get(name)?.ended.aborted === false) {
      wire.acknowledge(arrival);
      return;
    }
    this.#counts.received += 1;
    this.#names.set(name, wire);
    const work = this.#work(wire, arrival, name).finally(() => {
      this.#underWay.delete(work);
      if (this.#names.get(name) === wire) this.#names.delete(name);
    });
    this.#underWay.set(work, wire);
  }

  /** Once all that came over this connection has ended, or it has. */
  async emptied(wire: Wire): Promise<void> {
    const works = [...this.#underWay].filter(([, over]) => over === wire).map(([work]) => work);
    await Promise.race([Promise.all(works), whenAborted(wire.ended)]);
  }

  /**
   * Takes no more, and lets what is worked on come to its end, for a while, where it can still be acknowledged. What is held stays with
   * the broker.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#settings;
    this.#stop.abort(new Error("the subscription is stopped"));
    const drained = new AbortController();
    const late = clock.sleep(DRAIN_MS, drained.signal).catch(() => {});
    await Promise.race([Promise.all([...new Set(this.#underWay.values())].map(async (wire) => this.emptied(wire))), late]);
    drained.abort(new Error("all came to its end"));
    this.#refusals[Symbol.dispose]();
  }

  /** One message, until it is acknowledged, or cannot be any more. */
  async #work(wire: Wire, arrival: Arrival, name: string): Promise<void> {
    const idle = this.#idleOf(wire);
    for (;;) {
      if (!(await this.#due(name, idle)) || !(await this.#places.take(idle))) return;
      // The place may have come in the very moment in which there was no use for it any more.
      if (idle.aborted) return this.#places.leave();
      const outcome = await this.#outcomeOf(wire, arrival, name).finally(() => this.#places.leave());
      if (wire.ended.aborted) {
        this.#counts.handedBack += 1;
        return;
      }
      if (await this.#ends(wire, arrival, outcome)) {
        this.#waits.end(name);
        if (outcome.outcome === "done") this.#remember(name);
        if (wire.acknowledge(arrival)) this.#counts[outcome.outcome === "dead" ? "dead" : "done"] += 1;
        else this.#counts.handedBack += 1;
        return;
      }
      this.#hold(name, outcome);
    }
  }

  /** Whether the broker may forget the message: it is done, or a copy of it lies with the dead. */
  async #ends(wire: Wire, arrival: Arrival, outcome: Handled): Promise<boolean> {
    if (outcome.outcome !== "dead") return outcome.outcome === "done";
    const { queue, clock, log } = this.#settings;
    const refused = await bury(wire, queue, arrival, outcome.reason, clock.wall());
    if (refused === null) this.buried += 1;
    else if (!wire.ended.aborted) log.warn(`a dead letter of ${queue} was not taken by the broker: ${refused}; it is tried again`);
    return refused === null;
  }

  #remember(name: string): void {
    this.#done.add(name);
    const [oldest] = this.#done;
    if (this.#done.size > DONE_MAX && oldest !== undefined) this.#done.delete(oldest);
  }

  #hold(name: string, outcome: Handled): void {
    const now = this.#settings.clock.wall();
    if (outcome.outcome === "again") {
      this.#counts.again += 1;
      return this.#waits.put(name, now + outcome.afterMs, { counted: outcome.counted });
    }
    if (outcome.outcome === "hand-back") this.#counts.handedBack += 1;
    this.#waits.put(name, now + (outcome.outcome === "dead" ? AFTER_FAULT_MS : AFTER_HAND_BACK_MS), { counted: false });
  }

  /** False: it will not be tried over this connection. */
  async #due(name: string, idle: AbortSignal): Promise<boolean> {
    const { clock } = this.#settings;
    const waitMs = this.#waits.of(name).dueMs - clock.wall();
    if (waitMs <= 0) return !idle.aborted;
    this.held += 1;
    await clock.sleep(waitMs, idle).catch(() => {});
    this.held -= 1;
    return !idle.aborted;
  }

  async #outcomeOf(wire: Wire, arrival: Arrival, name: string): Promise<Handled> {
    const { queue, exchange, handle, log } = this.#settings;
    const read = readTold({ contentType: arrival.contentType, body: arrival.payload });
    if (!read.ok) return { outcome: "dead", reason: this.#refusals.refuse(read.refusal) };
    const [first = exchange] = firstTopicOf(arrival, queue).split("/");
    const { returns } = this.#waits.of(name);
    const received: Received = { told: read.told, exchange: first, redelivered: arrival.duplicate, returns };
    try {
      return await handle(received, wire.ended);
    } catch (error) {
      const reason = redact(messageOf(error)).slice(0, 300);
      log.warn(`a message of ${queue} could not be handled: ${reason}; it is tried again in ${AFTER_FAULT_MS / 1000} s`);
      return { outcome: "again", afterMs: AFTER_FAULT_MS, reason, counted: true };
    }
  }

  /** Aborts where there is no use in waiting: the connection ended, or we stop. */
  #idleOf(wire: Wire): AbortSignal {
    const known = this.#idle.get(wire);
    if (known !== undefined) return known;
    const made = AbortSignal.any([wire.ended, this.#stop.signal]);
    this.#idle.set(wire, made);
    return made;
  }
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
