import type { Channel, ConsumeMessage } from "amqplib";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { assert, messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import { type Delivery, deliveryOf } from "./delivery.ts";
import type { Connection, Link } from "./link.ts";
import type { SetAside } from "./set-aside.ts";
import { declareAndBind, QUEUE_NAME_BYTES_MAX, type QueueSpec } from "./topology.ts";

/** What became of a message; durable before it is told, since the message is acknowledged in the next act. */
export type Outcome =
  | { outcome: "done" }
  /** A passing reason: it comes back after about so long, and others are not held up by it. */
  | { outcome: "again"; afterMs: number; reason: string; counted: boolean }
  /** It is put with the dead letters, with its reason. */
  | { outcome: "dead"; reason: string }
  /** Nothing became of it, since we stop: the broker gives it to somebody else. */
  | { outcome: "hand-back" };

export type ConsumerState =
  | { state: "no-link" }
  | { state: "consuming"; sinceMs: number; underWay: number }
  /** The queue is missing, or not for this user. */
  | { state: "refused"; detail: string; untilMs: number }
  | { state: "stopped" };

export type ConsumerCounts = {
  received: number;
  done: number;
  again: number;
  dead: number;
  handedBack: number;
  failed: number;
  queuesLost: number;
};

export type ConsumerSettings = {
  link: Link;
  clock: Clock;
  backoff: Backoff;
  queue: QueueSpec;
  /** Made, and made again should somebody remove it; `false`: somebody else's, and waited for. */
  declare: boolean;
  /** How many are handled at one time; the broker gives as many and no more. */
  prefetch: number;
  /** The broker gives to those with a lower one only what these cannot take. */
  priority?: number;
  /** `signal` aborts when the message can no longer be acknowledged: whatever is done then, it comes again. */
  handle: (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Where "again" and "dead" go; on another connection, since a blocked one takes nothing and gives everything. Null: both are handed back. */
  setAside: SetAside | null;
  /** How the broker's own tools name this consumer; null: as the broker likes. */
  tag?: string | null;
  /** At the end, what is under way has so long; then the broker gives it to somebody else. */
  drainMs?: number;
  /** Called after each change of the state. */
  changed?: () => void;
};

const DRAIN_MS = 30_000;

/** A handler that throws is tried again after so long: the fault is ours, and may pass. */
const AFTER_THROW_MS = 30_000;

/**
 * Takes messages from a queue and acknowledges each in the act after its outcome. What is not acknowledged when the
 * connection, the broker or we end, the broker gives to somebody once more.
 */
export class Consumer implements AsyncDisposable {
  readonly #settings: ConsumerSettings;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  readonly counts: ConsumerCounts = { received: 0, done: 0, again: 0, dead: 0, handedBack: 0, failed: 0, queuesLost: 0 };
  #state: ConsumerState = { state: "no-link" };

  constructor(settings: ConsumerSettings) {
    assert(Buffer.byteLength(settings.queue.name) <= QUEUE_NAME_BYTES_MAX, "a queue's name leaves room for those of its side queues");
    this.#settings = settings;
    this.#running = this.#run();
  }

  get state(): ConsumerState {
    return this.#state.state === "consuming" ? { ...this.#state, underWay: this.#underWay.size } : this.#state;
  }

  /** Takes no more, lets what is under way come to its end, and then goes; whoever waits less closes the link. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the consumer is stopped"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { link, clock, backoff } = this.#settings;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      this.#become({ state: "no-link" });
      let connection: Connection | null = null;
      try {
        connection = await link.connection(signal);
        await this.#declare(connection);
        await this.#serve(connection, () => (failures = 0));
      } catch (error) {
        // No connection comes any more: we, or the link, are closed.
        if (signal.aborted || connection === null) break;
        // That this one ended is the link's to wait for.
        if (connection.ended.aborted) continue;
        failures += 1;
        const waitMs = backoffDelayMs(backoff, failures);
        this.#become({ state: "refused", detail: redact(messageOf(error)).slice(0, 300), untilMs: clock.wall() + waitMs });
        await clock.sleep(waitMs, signal).catch(() => {});
      }
    }
    this.#become({ state: "stopped" });
  }

  async #declare(connection: Connection): Promise<void> {
    const { declare, queue } = this.#settings;
    if (!declare) return;
    const declared = await declareAndBind(connection, queue);
    if (declared.outcome === "refused") throw new Error(declared.detail);
    if (declared.outcome === "absent")
      throw new Error(`NOT_FOUND - an exchange to bind ${queue.name} to: ${queue.bindings.map(({ exchange }) => exchange).join(", ")}`);
  }

  /** One life of a channel. */
  async #serve(connection: Connection, onConsuming: () => void): Promise<void> {
    const channel = await connection.model.createChannel();
    const lost = new AbortController();
    const ended = Promise.withResolvers<Error | null>();
    const lose = (why: Error | null): void => {
      lost.abort(new Error("the message can no longer be acknowledged"));
      // They come again: what is still done about them holds nobody up.
      this.#underWay.clear();
      ended.resolve(why);
    };
    channel.on("error", (error) => lose(error));
    channel.on("close", () => lose(null));
    connection.ended.addEventListener("abort", () => lose(null), { once: true });
    if (connection.ended.aborted) lose(null);

    await channel.prefetch(this.#settings.prefetch);
    const { queue, tag = null } = this.#settings;
    const took = (message: ConsumeMessage | null): void => {
      if (message !== null) return this.#take(channel, message, lost.signal);
      // The broker ended the consumer: the queue is gone. Messages that are under way cannot be acknowledged.
      this.counts.queuesLost += 1;
      lose(null);
    };
    const consuming = await channel.consume(queue.name, took, {
      priority: this.#settings.priority ?? 0,
      ...(tag === null ? {} : { consumerTag: tag }),
    });
    onConsuming();
    this.#become({ state: "consuming", sinceMs: this.#settings.clock.wall(), underWay: 0 });
    const stop = (): void => ended.resolve(null);
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    if (this.#stop.signal.aborted) stop();
    const why = await ended.promise;
    this.#stop.signal.removeEventListener("abort", stop);
    if (!lost.signal.aborted) await this.#finish(channel, consuming.consumerTag);
    else if (!connection.ended.aborted) await channel.close().catch(() => {});
    if (why !== null) throw why;
  }

  /** Stopped by us: the broker gives no more, and each that is under way still gets its acknowledgement. */
  async #finish(channel: Channel, consumerTag: string): Promise<void> {
    await channel.cancel(consumerTag).catch(() => {});
    const late = new AbortController();
    const { clock, drainMs = DRAIN_MS } = this.#settings;
    await Promise.race([Promise.all(this.#underWay), clock.sleep(drainMs, late.signal).catch(() => {})]);
    late.abort();
    // Closing hands back what came after the last look.
    await channel.close().catch(() => {});
  }

  #become(state: ConsumerState): void {
    this.#state = state;
    this.#settings.changed?.();
  }

  #take(channel: Channel, message: ConsumeMessage, lost: AbortSignal): void {
    if (this.#stop.signal.aborted) return;
    this.counts.received += 1;
    const handled = this.#handle(channel, message, lost).finally(() => this.#underWay.delete(handled));
    this.#underWay.add(handled);
  }

  async #handle(channel: Channel, message: ConsumeMessage, lost: AbortSignal): Promise<void> {
    const delivery = deliveryOf(message, this.#settings.queue.name);
    const outcome = await this.#outcomeOf(delivery, lost);
    if (!lost.aborted && (await this.#mayGo(delivery, outcome, lost)) && acknowledged(channel, message)) {
      if (outcome.outcome !== "hand-back") this.counts[outcome.outcome] += 1;
      return;
    }
    this.counts.handedBack += 1;
    if (!lost.aborted) handedBack(channel, message);
  }

  /** Whether the broker may forget the message: it is done, or a copy of it waits. */
  async #mayGo(delivery: Delivery, outcome: Outcome, lost: AbortSignal): Promise<boolean> {
    if (outcome.outcome === "done") return true;
    if (outcome.outcome === "hand-back" || this.#settings.setAside === null) return false;
    return (await this.#settings.setAside.put(delivery, outcome, lost)) && !lost.aborted;
  }

  async #outcomeOf(delivery: Delivery, lost: AbortSignal): Promise<Outcome> {
    try {
      return await this.#settings.handle(delivery, lost);
    } catch (error) {
      this.counts.failed += 1;
      return { outcome: "again", afterMs: AFTER_THROW_MS, reason: redact(messageOf(error)).slice(0, 300), counted: true };
    }
  }
}

/** False: the channel closed within this very moment, and the message comes again. */
function acknowledged(channel: Channel, message: ConsumeMessage): boolean {
  try {
    channel.ack(message);
    return true;
  } catch {
    return false;
  }
}

function handedBack(channel: Channel, message: ConsumeMessage): void {
  try {
    channel.nack(message, false, true);
  } catch {
    // The channel closed within this very moment, which hands it back, too.
  }
}
