import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type Delivery, ourHeaders } from "./delivery.ts";
import type { Link } from "./link.ts";
import { type Publication, Publisher, publisherDefaults } from "./publisher.ts";
import { deadQueueOf, declareQueue, sideQueue, waitQueueOf } from "./topology.ts";

/** A message that is not done: it waits with the broker and comes again, or is a dead letter. */
export type Aside = { outcome: "again"; afterMs: number; reason: string } | { outcome: "dead"; reason: string };

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

  constructor(settings: { link: Link; clock: Clock; backoff: Backoff; confirmTimeoutMs?: number }) {
    this.#link = settings.link;
    this.#clock = settings.clock;
    this.#publisher = new Publisher({ ...publisherDefaults, ...settings, prepare: async () => {} });
  }

  /** True once the broker has the copy; false when the original can no longer be acknowledged, and so comes again. */
  async put(delivery: Delivery, aside: Aside, lost: AbortSignal): Promise<boolean> {
    const to = aside.outcome === "dead" ? deadQueueOf(delivery.queue) : waitQueueOf(delivery.queue, aside.afterMs).name;
    return this.#copy(copyOf(delivery, to, headersOf(delivery, aside, this.#clock.wall())), lost, to);
  }

  /** From the queue where it waited to the one that it came from, which its own consumer declares. */
  async giveBack(delivery: Delivery, to: string, stopped: AbortSignal): Promise<boolean> {
    return this.#copy(copyOf(delivery, to, headersToKeep(delivery.headers)), stopped, null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
  }

  async #copy(copy: Publication, signal: AbortSignal, declare: string | null): Promise<boolean> {
    for (let failures = 1; !signal.aborted; failures += 1) {
      const { outcome } = await this.#publisher.publish(copy);
      if (outcome === "confirmed") return true;
      // The queue is not there: the first to need it makes it.
      if (outcome === "unrouted" && declare !== null) await this.#declare(declare, signal);
      if (outcome !== "unrouted" || failures > 1) await this.#clock.sleep(backoffDelayMs(betweenTries, failures), signal).catch(() => {});
    }
    return false;
  }

  async #declare(queue: string, signal: AbortSignal): Promise<void> {
    try {
      const connection = await this.#link.connection(signal);
      const channel = await connection.model.createChannel();
      channel.on("error", () => {});
      await declareQueue(channel, sideQueue(queue));
      await channel.close();
    } catch {
      // The next turn of the loop says so by its outcome, and waits.
    }
  }
}

function headersOf(delivery: Delivery, aside: Aside, nowMs: number): Record<string, unknown> {
  const again = aside.outcome === "again";
  return {
    ...headersToKeep(delivery.headers),
    [ourHeaders.reason]: aside.reason.slice(0, REASON_CHARACTERS_MAX),
    [ourHeaders.returns]: delivery.returns + (again ? 1 : 0),
    [ourHeaders.exchange]: delivery.exchange,
    [ourHeaders.routingKey]: delivery.routingKey,
    ...(again ? { [ourHeaders.dueMs]: Math.round(nowMs + aside.afterMs) } : {}),
  };
}

function copyOf(delivery: Delivery, to: string, headers: Record<string, unknown>): Publication {
  const { body, contentType, contentEncoding } = delivery;
  return {
    exchange: "",
    routingKey: to,
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
