import type { Channel } from "amqplib";
import type { QueueFacts } from "../../flow/bus.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Connection, Link } from "./link.ts";
import { deadQueueOf, replyCode, waitQueueOf, waitsS } from "./topology.ts";

const LOOK_EVERY_MS = 5000;

type Counted = { messages: number; consumers: number };

/** Asks every few seconds how long a queue and those beside it are: by declarations that make nothing, on a channel of their own. */
export class QueueLook implements AsyncDisposable {
  readonly #parts: { link: Link; clock: Clock; queue: string; everyMs: number };
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #facts: QueueFacts;
  #woken = new AbortController();
  #channel: { connection: Connection; channel: Channel } | null = null;

  constructor(parts: { link: Link; clock: Clock; queue: string; everyMs?: number }) {
    this.#parts = { everyMs: LOOK_EVERY_MS, ...parts };
    this.#facts = unknown(parts.queue);
    this.#running = this.#run();
  }

  get facts(): QueueFacts {
    return this.#facts;
  }

  /** Something changed: the next look is due now. */
  soon(): void {
    this.#woken.abort();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { queue } = this.#parts;
    const own = await this.#count(queue, signal);
    const dead = await this.#count(deadQueueOf(queue), signal);
    let waiting = 0;
    for (const waitS of waitsS) waiting += (await this.#count(waitQueueOf(queue, waitS * 1000).name, signal))?.messages ?? 0;
    this.#facts = { name: queue, messages: own?.messages ?? null, consumers: own?.consumers ?? null, waiting, dead: dead?.messages ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("nothing is looked at any more"));
    await this.#running;
    await this.#channel?.channel.close().catch(() => {});
  }

  async #run(): Promise<void> {
    const { clock, queue, everyMs } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#woken = new AbortController();
      const { signal: woken } = this.#woken;
      try {
        await this.#look(signal);
      } catch {
        this.#facts = unknown(queue);
      }
      await clock.sleep(everyMs, AbortSignal.any([signal, woken])).catch(() => {});
    }
  }

  /** null: there is no such queue, which closes the channel. */
  async #count(queue: string, signal: AbortSignal): Promise<Counted | null> {
    const channel = await this.#open(signal);
    try {
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      return { messages: messageCount, consumers: consumerCount };
    } catch (error) {
      this.#channel = null;
      if (replyCode(error) === 404) return null;
      throw error;
    }
  }

  async #open(signal: AbortSignal): Promise<Channel> {
    const connection = await this.#parts.link.connection(signal);
    if (this.#channel?.connection === connection) return this.#channel.channel;
    const channel = await connection.model.createChannel();
    channel.on("error", () => {});
    channel.on("close", () => {
      if (this.#channel?.channel === channel) this.#channel = null;
    });
    this.#channel = { connection, channel };
    // What was true before the connection went is not true of now.
    connection.ended.addEventListener("abort", () => (this.#facts = unknown(this.#parts.queue)), { once: true });
    return channel;
  }
}

function unknown(name: string): QueueFacts {
  return { name, messages: null, consumers: null, waiting: null, dead: null };
}
