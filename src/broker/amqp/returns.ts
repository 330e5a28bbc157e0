import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Consumer, type Outcome } from "./consumer.ts";
import { type Delivery, ourHeaders } from "./delivery.ts";
import type { Link } from "./link.ts";
import type { SetAside } from "./set-aside.ts";
import { sideQueue, waitQueueOf, waitsS } from "./topology.ts";

/** So many of each wait are held at one time; further ones stay with the broker, behind those that are due before them. */
const HELD_MAX = 200;

/**
 * Gives messages back to their queue once they waited long enough. Each host that consumes the queue does it, whoever
 * set the message aside. The broker could do it alone (a dead-letter exchange and a time to live), and does not do it
 * safely: a classic queue hands over without waiting for a confirm, and a quorum queue that was made just before the
 * broker was killed did not come back (RabbitMQ 3.10.8; `docs/design/decisions/14-amqplib.md`).
 */
export class Returns implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #consumers: Consumer[];

  constructor(settings: { link: Link; clock: Clock; backoff: Backoff; queue: string; setAside: SetAside }) {
    const { link, clock, backoff, queue, setAside } = settings;
    this.#consumers = waitsS.map((waitS) => {
      const handle = async (delivery: Delivery, lost: AbortSignal): Promise<Outcome> => {
        const stopped = AbortSignal.any([lost, this.#stop.signal]);
        const waitMs = waitFor(delivery, clock.wall(), waitS * 1000);
        await clock.sleep(waitMs, stopped).catch(() => {});
        return (await setAside.giveBack(delivery, stopped)) ? { outcome: "done" } : { outcome: "hand-back" };
      };
      const waiting = sideQueue(waitQueueOf(queue, waitS * 1000).name);
      return new Consumer({ link, clock, backoff, queue: waiting, declare: true, prefetch: HELD_MAX, handle, setAside: null });
    });
  }

  /** How many this host holds until they are due. */
  get held(): number {
    return this.#consumers.reduce((sum, { state }) => sum + (state.state === "consuming" ? state.underWay : 0), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("nothing is given back any more"));
    await Promise.all(this.#consumers.map(async (consumer) => consumer[Symbol.asyncDispose]()));
  }
}

/** Other hosts have other clocks, and anybody may write a header: never longer than what the queue is for. */
export function waitFor(delivery: Pick<Delivery, "headers">, nowMs: number, maxMs: number): number {
  const due = delivery.headers[ourHeaders.dueMs];
  return typeof due === "number" && Number.isFinite(due) ? Math.min(Math.max(due - nowMs, 0), maxMs) : 0;
}
