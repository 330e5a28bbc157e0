import { setTimeout as sleep } from "node:timers/promises";
import type {
  Announced,
  Announcer,
  Bus,
  BusState,
  Handle,
  Handled,
  Published,
  QueuedDeadLetter,
  QueueFacts,
  Subscription,
  SubscriptionCounts,
  Told,
} from "../../src/flow/bus.ts";
import type { PublishSettings, SubscriptionSettings } from "../../src/flow/settings.ts";
import type { Bytes } from "../../src/kernel/path.ts";
import { outgoing } from "../../src/broker/messages/outgoing.ts";
import { refusalText } from "../../src/broker/messages/refusal.ts";
import { readBody, readTold } from "../../src/broker/messages/told.ts";

type Message = { exchange: string; body: Buffer; redelivered: boolean; returns: number };
type Dead = { message: Message; reason: string; diedAtMs: number };

/** One queue: what is ready, who takes it in turn, what waits to come again, what is dead. */
class MemoryQueue {
  readonly name: string;
  ready: Message[] = [];
  waiting = 0;
  dead: Dead[] = [];
  readonly consumers: MemorySubscription[] = [];
  #turn = 0;
  #planned = false;

  constructor(name: string) {
    this.name = name;
  }

  /** Soon, as a network would: never within the call that caused it. */
  deliverSoon(): void {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      while (this.ready.length > 0) {
        const taker = this.#next();
        if (taker === null) return;
        taker.take(this.ready.shift()!);
      }
    });
  }

  #next(): MemorySubscription | null {
    for (let step = 0; step < this.consumers.length; step++) {
      const consumer = this.consumers[this.#turn++ % this.consumers.length]!;
      if (consumer.hasRoom) return consumer;
    }
    return null;
  }
}

/** A broker in the memory of a test: it gives messages, takes their outcomes, and gives once more what was not finished. */
export class MemoryBroker {
  readonly queues = new Map<string, MemoryQueue>();
  readonly #bound = new Map<string, Set<MemoryQueue>>();
  readonly #buses = new Set<MemoryBus>();
  away = false;
  /** How long a message is on its way to a host, for an order that is another on each. */
  paceMs: () => number = () => 0;
  /** All that was ever published, in order. */
  readonly published: Array<{ exchange: string; body: Buffer }> = [];

  /** The connection of one host. */
  bus(): Bus & MemoryBus {
    const bus = new MemoryBus(this);
    this.#buses.add(bus);
    return bus;
  }

  queue(name: string): MemoryQueue {
    const known = this.queues.get(name) ?? new MemoryQueue(name);
    this.queues.set(name, known);
    return known;
  }

  bind(exchange: string, queue: MemoryQueue): void {
    const bound = this.#bound.get(exchange) ?? new Set();
    bound.add(queue);
    this.#bound.set(exchange, bound);
  }

  /** False: no queue wants it. */
  publish(exchange: string, body: Buffer): boolean {
    this.published.push({ exchange, body });
    const bound = [...(this.#bound.get(exchange) ?? [])];
    for (const queue of bound) {
      queue.ready.push({ exchange, body, redelivered: false, returns: 0 });
      queue.deliverSoon();
    }
    return bound.length > 0;
  }

  /** Every connection ends at this moment, and comes back by itself. */
  cut(): void {
    for (const bus of this.#buses) bus.cut();
  }

  forget(bus: MemoryBus): void {
    this.#buses.delete(bus);
  }

  /** Messages that are neither done nor dead. */
  get open(): number {
    return [...this.queues.values()].reduce(
      (sum, { ready, waiting, consumers }) => sum + ready.length + waiting + consumers.reduce((held, { underWay }) => held + underWay, 0),
      0,
    );
  }
}

export class MemoryBus implements Bus {
  readonly #broker: MemoryBroker;
  readonly #subscriptions = new Set<MemorySubscription>();

  constructor(broker: MemoryBroker) {
    this.#broker = broker;
  }

  announcer(settings: PublishSettings): Announcer {
    return new MemoryAnnouncer(this.#broker, settings);
  }

  subscribe(settings: SubscriptionSettings, _name: string, handle: Handle): Subscription {
    const queue = this.#broker.queue(settings.queue);
    this.#broker.bind(settings.exchange, queue);
    const paced: Handle = async (received, signal) => {
      const paceMs = this.#broker.paceMs();
      if (paceMs > 0) await sleep(paceMs);
      return signal.aborted ? { outcome: "hand-back" } : await handle(received, signal);
    };
    const subscription = new MemorySubscription(queue, settings.prefetch, paced, () => this.#subscriptions.delete(subscription));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  read(body: Buffer): Told | null {
    return readBody(body);
  }

  /** Messages that this host was given and has not answered. */
  get underWay(): number {
    return [...this.#subscriptions].reduce((sum, { underWay }) => sum + underWay, 0);
  }

  /** What is under way goes to somebody else; this host takes messages on. */
  cut(): void {
    for (const subscription of this.#subscriptions) subscription.cut();
  }

  /** As if the machine lost its power: what is under way goes to somebody else, and nothing is taken any more. */
  kill(): void {
    for (const subscription of this.#subscriptions) subscription.kill();
    this.#subscriptions.clear();
    this.#broker.forget(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription[Symbol.asyncDispose]()));
    this.#broker.forget(this);
  }
}

class MemoryAnnouncer implements Announcer {
  readonly state: BusState = { state: "ready" };
  readonly #broker: MemoryBroker;
  readonly #settings: PublishSettings;

  constructor(broker: MemoryBroker, settings: PublishSettings) {
    this.#broker = broker;
    this.#settings = settings;
  }

  onState(): () => void {
    return () => undefined;
  }

  async publish(announced: Announced): Promise<Published> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#broker.away) return { outcome: "not-sent", detail: "the broker is away" };
    const message = outgoing(announced, this.#settings, "ada");
    if (!message.ok) return { outcome: "refused", detail: message.detail };
    return { outcome: this.#broker.publish(message.exchange, message.body) ? "confirmed" : "unrouted" };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

type Held = { message: Message; lost: AbortController; ended: Promise<void> };

class MemorySubscription implements Subscription {
  readonly #queue: MemoryQueue;
  readonly #prefetch: number;
  readonly #handle: Handle;
  readonly #gone: () => void;
  readonly #held = new Set<Held>();
  readonly #stop = new AbortController();
  readonly counts: SubscriptionCounts = { received: 0, done: 0, again: 0, dead: 0, handedBack: 0, refused: 0 };

  constructor(queue: MemoryQueue, prefetch: number, handle: Handle, gone: () => void) {
    this.#queue = queue;
    this.#prefetch = prefetch;
    this.#handle = handle;
    this.#gone = gone;
    queue.consumers.push(this);
    queue.deliverSoon();
  }

  get state(): BusState {
    return { state: this.#stop.signal.aborted ? "closed" : "ready" };
  }

  get queue(): QueueFacts {
    const { name, ready, consumers, waiting, dead } = this.#queue;
    return { name, messages: ready.length, consumers: consumers.length, waiting, dead: dead.length };
  }

  onState(): () => void {
    return () => undefined;
  }

  get hasRoom(): boolean {
    return !this.#stop.signal.aborted && this.#held.size < this.#prefetch;
  }

  get underWay(): number {
    return this.#held.size;
  }

  take(message: Message): void {
    this.counts.received++;
    const read = readTold({ contentType: "application/json", body: message.body });
    if (!read.ok) {
      this.counts.refused++;
      this.#queue.dead.push({ message, reason: refusalText(read.refusal), diedAtMs: Date.now() });
      return;
    }
    const held: Held = { message, lost: new AbortController(), ended: Promise.resolve() };
    this.#held.add(held);
    const { exchange, redelivered, returns } = message;
    held.ended = this.#handle({ told: read.told, exchange, redelivered, returns }, held.lost.signal)
      .catch((): Handled => ({ outcome: "again", afterMs: 1000, reason: "the handler threw", counted: true }))
      .then((handled) => this.#settle(held, handled));
  }

  #settle(held: Held, handled: Handled): void {
    // It was given to somebody else meanwhile: whatever became of it here.
    if (!this.#held.delete(held)) return;
    const { message } = held;
    switch (handled.outcome) {
      case "done":
        this.counts.done++;
        break;
      case "again":
        this.counts.again++;
        this.#queue.waiting++;
        void sleep(handled.afterMs).then(() => {
          this.#queue.waiting--;
          this.#queue.ready.push({ ...message, redelivered: false, returns: message.returns + (handled.counted ? 1 : 0) });
          this.#queue.deliverSoon();
        });
        break;
      case "dead":
        this.counts.dead++;
        this.#queue.dead.push({ message, reason: handled.reason, diedAtMs: Date.now() });
        break;
      case "hand-back":
        this.counts.handedBack++;
        this.#queue.ready.unshift({ ...message, redelivered: true });
    }
    this.#queue.deliverSoon();
  }

  cut(): void {
    const lost = [...this.#held];
    this.#held.clear();
    this.#queue.ready.unshift(...lost.map(({ message }) => ({ ...message, redelivered: true })));
    for (const { lost: signal } of lost) signal.abort(new Error("the connection was cut"));
    this.#queue.deliverSoon();
  }

  kill(): void {
    this.#stop.abort();
    this.#queue.consumers.splice(this.#queue.consumers.indexOf(this), 1);
    this.cut();
  }

  async deadLetters(limit: number): Promise<QueuedDeadLetter[]> {
    return this.#queue.dead.slice(0, limit).map(({ message, reason, diedAtMs }) => {
      const told = readBody(message.body);
      return { path: told?.change.path ?? null, baseUrl: told?.baseUrl ?? null, reason, diedAtMs };
    });
  }

  async revive(paths: Bytes[] | null): Promise<number> {
    const named = ({ message }: Dead): boolean => paths === null || paths.some((path) => readBody(message.body)?.change.path === path);
    const revived = this.#queue.dead.filter(named);
    this.#queue.dead = this.#queue.dead.filter((dead) => !named(dead));
    this.#queue.ready.push(...revived.map(({ message }) => ({ ...message, redelivered: false, returns: 0 })));
    this.#queue.deliverSoon();
    return revived.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#queue.consumers.splice(this.#queue.consumers.indexOf(this), 1);
    await Promise.all([...this.#held].map(({ ended }) => ended));
    this.#gone();
  }
}
