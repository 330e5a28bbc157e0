import { hostname } from "node:os";
import type { BusState, Handle, Handled, QueuedDeadLetter, QueueFacts, Subscription, SubscriptionCounts } from "../../flow/bus.ts";
import type { SubscriptionSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Bytes } from "../../kernel/path.ts";
import { RefusalLog } from "../refusal-log.ts";
import { readTold } from "../messages/told.ts";
import { busState } from "./bus-state.ts";
import { Consumer } from "./consumer.ts";
import { peekDead, reviveDead } from "./dead-queue.ts";
import type { Delivery } from "./delivery.ts";
import type { HeldLink } from "./links.ts";
import { QueueLook } from "./queue-look.ts";
import { Returns } from "./returns.ts";
import { SetAside } from "./set-aside.ts";
import { queueSpecOf } from "./wanted.ts";

/** What is asked of the broker beside the messages ends after so long, whatever it is. */
const ASK_TIMEOUT_MS = 60_000;

/** At the end, the flow hands back what it has under way; what it does not within this the broker takes itself. */
const DRAIN_MS = 10_000;

type Parts = {
  consuming: HeldLink;
  /** A broker that is short of something takes nothing from whoever publishes, and gives all the same. */
  publishing: HeldLink;
  clock: Clock;
  backoff: Backoff;
  log: Log;
  name: string;
  handle: Handle;
};

/** A flow's part of a queue: what comes is understood or refused, handled, and acknowledged once its outcome is durable. */
export class AmqpSubscription implements Subscription {
  readonly #parts: Parts;
  readonly #queue: string;
  readonly #setAside: SetAside;
  readonly #returns: Returns;
  readonly #consumer: Consumer;
  readonly #look: QueueLook;
  readonly #refusals: RefusalLog;
  readonly #listeners = new Set<() => void>();
  readonly #unlisten: () => void;
  readonly #stop = new AbortController();

  constructor(settings: SubscriptionSettings, parts: Parts) {
    const { consuming, publishing, clock, backoff, log, name } = parts;
    this.#parts = parts;
    this.#queue = settings.queue;
    this.#refusals = new RefusalLog(log, clock, settings.queue);
    const changed = (): void => {
      for (const listener of this.#listeners) listener();
    };
    this.#unlisten = consuming.link.onState(changed);
    const link = consuming.link;
    this.#setAside = new SetAside({ link: publishing.link, clock, backoff, queue: settings.queue });
    this.#returns = new Returns({ link, clock, backoff, queue: settings.queue, setAside: this.#setAside });
    this.#look = new QueueLook({ link, clock, queue: settings.queue });
    this.#consumer = new Consumer({
      link,
      clock,
      backoff,
      queue: queueSpecOf(settings),
      declare: settings.declare,
      prefetch: settings.prefetch,
      priority: settings.priority,
      handle: (delivery, lost) => this.#handle(delivery, lost),
      setAside: this.#setAside,
      tag: `hotdir ${name} ${hostname()} ${process.pid}`.slice(0, 200),
      drainMs: DRAIN_MS,
      changed: () => {
        this.#look.soon();
        changed();
      },
    });
  }

  get state(): BusState {
    const { state } = this.#consumer;
    const { trouble } = this.#setAside;
    const { link } = this.#parts.consuming;
    switch (state.state) {
      case "refused":
        return busState(link.state, state);
      case "stopped":
        return { state: "closed" };
      case "no-link":
        return busState(link.state, { state: "preparing" });
      case "consuming":
        return busState(
          link.state,
          trouble === null
            ? { state: "ready" }
            : { state: "refused", detail: `nothing can be set aside: ${trouble}`, untilMs: this.#parts.clock.wall() },
        );
    }
  }

  get counts(): SubscriptionCounts {
    const { received, done, again, dead, handedBack } = this.#consumer.counts;
    const { refused } = this.#refusals;
    return { received, done, again, dead: Math.max(0, dead - refused), handedBack, refused };
  }

  get queue(): QueueFacts {
    return this.#look.facts;
  }

  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  deadLetters(limit: number): Promise<QueuedDeadLetter[]> {
    return peekDead(this.#parts.consuming.link, this.#queue, limit, this.#bounded());
  }

  revive(paths: Bytes[] | null): Promise<number> {
    const { link } = this.#parts.consuming;
    return reviveDead({ link, queue: this.#queue, setAside: this.#setAside }, paths, this.#bounded());
  }

  #bounded(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
  }

  async #handle(delivery: Delivery, lost: AbortSignal): Promise<Handled> {
    const read = readTold(delivery);
    if (!read.ok) return { outcome: "dead", reason: this.#refusals.refuse(read.refusal) };
    const { exchange, redelivered, returns } = delivery;
    return await this.#parts.handle({ told: read.told, exchange, redelivered, returns }, lost);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the subscription is closed"));
    this.#unlisten();
    // What is under way may still be set aside: that goes last.
    await Promise.all([this.#consumer, this.#returns, this.#look].map((part) => part[Symbol.asyncDispose]()));
    await this.#setAside[Symbol.asyncDispose]();
    await Promise.all([this.#parts.consuming, this.#parts.publishing].map((held) => held[Symbol.asyncDispose]()));
    this.#refusals[Symbol.dispose]();
  }
}
