import type { Channel } from "amqplib";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { type Delivery, ourHeaders } from "./delivery.ts";
import type { Link } from "./link.ts";
import { type Publication, Publisher } from "./publisher.ts";
import { deadQueueOf, declareDeadQueue, declareWaitQueue, waitQueueOf } from "./topology.ts";

/** A message that is not done: it waits with the broker and comes again, or is a dead letter. */
export type Aside = { outcome: "again"; afterMs: number; reason: string } | { outcome: "dead"; reason: string };

const REASON_CHARACTERS_MAX = 1000;

/** Short, since the original holds one of the places that the broker gives messages for. */
const betweenTries: Backoff = { minMs: 100, maxMs: 5000 };

/**
 * Puts copies of messages where they wait. The copy is confirmed before the original may be acknowledged, so that a
 * kill between the two makes a second one, and never none.
 */
export class SetAside implements AsyncDisposable {
  readonly #publisher: Publisher;
  readonly #link: Link;
  readonly #clock: Clock;

  constructor(settings: { link: Link; clock: Clock; backoff: Backoff }) {
    this.#link = settings.link;
    this.#clock = settings.clock;
    this.#publisher = new Publisher({ ...settings, windowMax: 100, prepare: async () => {} });
  }

  /** True once the broker has the copy; false when the original can no longer be acknowledged, and so comes again. */
  async put(delivery: Delivery, aside: Aside, lost: AbortSignal): Promise<boolean> {
    for (let failures = 1; !lost.aborted; failures += 1) {
      const { outcome } = await this.#publisher.publish(copyOf(delivery, aside));
      if (outcome === "confirmed") return true;
      // The queue is not there: the first to need it makes it.
      if (outcome === "unrouted") await this.#declare(delivery.queue, aside, lost);
      if (outcome !== "unrouted" || failures > 3) await this.#clock.sleep(backoffDelayMs(betweenTries, failures), lost).catch(() => {});
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
  }

  async #declare(queue: string, aside: Aside, lost: AbortSignal): Promise<void> {
    try {
      const connection = await this.#link.connection(lost);
      const channel: Channel = await connection.model.createChannel();
      channel.on("error", () => {});
      if (aside.outcome === "dead") await declareDeadQueue(channel, queue);
      else await declareWaitQueue(channel, queue, waitQueueOf(queue, aside.afterMs).waitS);
      await channel.close();
    } catch {
      // The next turn of the loop says so by its outcome, and waits.
    }
  }
}

function copyOf(delivery: Delivery, aside: Aside): Publication {
  const { queue, body, exchange, routingKey, contentType, contentEncoding } = delivery;
  const headers: Record<string, unknown> = {
    ...headersToKeep(delivery.headers),
    [ourHeaders.reason]: aside.reason.slice(0, REASON_CHARACTERS_MAX),
    [ourHeaders.returns]: delivery.returns + (aside.outcome === "again" ? 1 : 0),
    [ourHeaders.exchange]: exchange,
    [ourHeaders.routingKey]: routingKey,
  };
  return {
    exchange: "",
    routingKey: aside.outcome === "dead" ? deadQueueOf(queue) : waitQueueOf(queue, aside.afterMs).name,
    body,
    properties: {
      ...(contentType === undefined ? {} : { contentType }),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
      deliveryMode: 2,
      headers,
    },
  };
}

/** A table of more than 64 KiB cannot be sent at all, and no reader of v03 needs one. */
const HEADERS_CHARACTERS_MAX = 16_384;

/** Without what the broker itself writes about messages that waited: it counts anew. */
function headersToKeep(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !/^x-(?:first-|last-)?death/.test(name)));
  return JSON.stringify(kept).length > HEADERS_CHARACTERS_MAX ? {} : kept;
}
