import type { Channel } from "amqplib";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { redact } from "../../kernel/redact.ts";
import { type Delivery, ourHeaders } from "./delivery.ts";
import type { Link } from "./link.ts";
import { type Publication, Publisher, publisherDefaults } from "./publisher.ts";
import { asideExchangeOf, deadQueueOf, declareAsideExchange, declareQueue, sideQueue, waitQueueOf } from "./topology.ts";

/** A message that is not done: it waits with the broker and comes again, or is a dead letter. */
export type Aside = { outcome: "again"; afterMs: number; reason: string; counted: boolean } | { outcome: "dead"; reason: string };

const REASON_CHARACTERS_MAX = 1000;

/** A table of more than 64 KiB cannot be sent at all, and no reader of v03 needs one. */
const HEADERS_CHARACTERS_MAX = 16_384;

/** Short, since the original holds one of the places that the broker gives messages for. */
const betweenTries: Backoff = { minMs: 100, maxMs: 5000 };

/**
 * Puts copies of messages where they wait, and back from there. A copy is confirmed before the original may be
 * acknowledged, so that a kill between the two makes a second one, and never none.
 */
export class SetAside implements AsyncDisposable {
  readonly #publisher: Publisher;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #queue: string;
  #trouble: string | null = null;

  constructor(settings: { link: Link; clock: Clock; backoff: Backoff; queue: string; confirmTimeoutMs?: number }) {
    this.#link = settings.link;
    this.#clock = settings.clock;
    this.#queue = settings.queue;
    const prepare = async (channel: Channel): Promise<void> => {
      await declareAsideExchange(channel, settings.queue);
      await bindAside(channel, settings.queue, deadQueueOf(settings.queue));
    };
    this.#publisher = new Publisher({ ...publisherDefaults, ...settings, prepare });
  }

  /** Why nothing can be set aside for now, while somebody wants it; null: it can, or nobody does. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** True once the broker has the copy; false when the original can no longer be acknowledged, and so comes again. */
  async put(delivery: Delivery, aside: Aside, lost: AbortSignal): Promise<boolean> {
    const to = aside.outcome === "dead" ? deadQueueOf(this.#queue) : waitQueueOf(this.#queue, aside.afterMs).name;
    return this.#copy(copyOf(delivery, headersOf(delivery, aside, this.#clock.wall())), to, lost);
  }

  /** From the queue where it waited to the one that it came from, which its own consumer declares. */
  async giveBack(delivery: Delivery, stopped: AbortSignal): Promise<boolean> {
    return this.#copy(copyOf(delivery, headersToKeep(delivery.headers)), this.#queue, stopped);
  }

  /** A dead letter back to its queue, as one that was never tried. */
  async revive(delivery: Delivery, stopped: AbortSignal): Promise<boolean> {
    const kept = Object.entries(headersToKeep(delivery.headers)).filter(([name]) => !forgottenWhenRevived.has(name));
    return this.#copy(copyOf(delivery, Object.fromEntries(kept)), this.#queue, stopped);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
  }

  async #copy(copy: Omit<Publication, "exchange" | "routingKey">, to: string, signal: AbortSignal): Promise<boolean> {
    const publication = { ...copy, exchange: asideExchangeOf(this.#queue), routingKey: to };
    for (let failures = 1; !signal.aborted; failures += 1) {
      const outcome = await this.#publisher.publish(publication);
      if (outcome.outcome === "confirmed") {
        this.#trouble = null;
        return true;
      }
      if (outcome.outcome !== "unrouted") this.#trouble = outcome.detail;
      // The queue is not there, or not bound: the first to need it makes it so.
      else await this.#bind(to, signal);
      if (outcome.outcome !== "unrouted" || failures > 1)
        await this.#clock.sleep(backoffDelayMs(betweenTries, failures), signal).catch(() => {});
    }
    return false;
  }

  async #bind(queue: string, signal: AbortSignal): Promise<void> {
    try {
      const connection = await this.#link.connection(signal);
      const channel = await connection.model.createChannel();
      channel.on("error", () => {});
      await bindAside(channel, this.#queue, queue);
      await channel.close();
    } catch (error) {
      // The next turn of the loop finds it so, and waits.
      this.#trouble = `${queue}: ${redact(messageOf(error)).slice(0, 300)}`;
    }
  }
}

async function bindAside(channel: Channel, queue: string, to: string): Promise<void> {
  // The queue itself may be another's, with properties that only its owner knows.
  if (to !== queue) await declareQueue(channel, sideQueue(to));
  await channel.bindQueue(to, asideExchangeOf(queue), to);
}

/** What was tried, how often and why is over; where the message came from stays. */
const forgottenWhenRevived: ReadonlySet<string> = new Set([ourHeaders.returns, ourHeaders.reason, ourHeaders.dueMs, ourHeaders.diedMs]);

function headersOf(delivery: Delivery, aside: Aside, nowMs: number): Record<string, unknown> {
  const again = aside.outcome === "again";
  return {
    ...headersToKeep(delivery.headers),
    [ourHeaders.reason]: aside.reason.slice(0, REASON_CHARACTERS_MAX),
    [ourHeaders.returns]: delivery.returns + (aside.outcome === "again" && aside.counted ? 1 : 0),
    [ourHeaders.exchange]: delivery.exchange,
    [ourHeaders.routingKey]: delivery.routingKey,
    ...(again ? { [ourHeaders.dueMs]: Math.round(nowMs + aside.afterMs) } : { [ourHeaders.diedMs]: Math.round(nowMs) }),
  };
}

function copyOf(delivery: Delivery, headers: Record<string, unknown>): Omit<Publication, "exchange" | "routingKey"> {
  const { body, contentType, contentEncoding } = delivery;
  return {
    body,
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
      deliveryMode: 2,
      headers,
    },
  };
}

/** Without what the broker itself writes about messages that moved: it counts anew. */
function headersToKeep(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !/^x-(?:first-|last-)?death/.test(name)));
  const ours = Object.fromEntries(Object.entries(kept).filter(([name]) => name.startsWith("x-hotdir-")));
  if (size(kept) <= HEADERS_CHARACTERS_MAX) return kept;
  return size(ours) <= HEADERS_CHARACTERS_MAX ? ours : {};
}

function size(headers: Record<string, unknown>): number {
  return JSON.stringify(headers).length;
}
