import type { HostEntry } from "./roster.ts";
import { isNoMessage } from "./adoption.ts";
import { Mark } from "./mark.ts";
import type { Publication } from "./packets.ts";
import type { OnArrival, Wire } from "./wire.ts";
import type { Worker } from "./worker.ts";

export type GuardParts = {
  queue: string;
  connect: (onArrival: OnArrival) => Promise<Wire | null>;
  /** Those of the queue, not shared; and those that it had before. */
  filters: readonly string[];
  known: HostEntry | null;
  telling: { serving: Publication; left: Publication };
  worker: Worker;
  stop: AbortSignal;
};

/**
 * Keeps watch over the time in which nobody shares the queue. mosquitto writes the messages of a shared subscription down, and not the
 * subscription: when it starts again, what is published before the first host is back goes to nobody. A subscription that is not shared it
 * does keep; so one session holds one, with a copy of every message. What came before its connection, which is made once a host of
 * the queue is subscribed, may be the only copy, and is worked on; what comes then is in a shared session, too, and is acknowledged at once.
 */
export async function keepGuard(parts: GuardParts): Promise<void> {
  const { queue, connect, filters, known, telling, worker, stop } = parts;
  const mark = new Mark(queue);
  let caughtUp = false;
  const wire = await connect((over, arrival) => {
    if (mark.isAt(arrival.topic)) caughtUp = true;
    if (caughtUp || isNoMessage(arrival, queue)) over.acknowledge(arrival);
    else worker.take(over, arrival);
  });
  if (wire === null) return;
  await wire.publish(telling.serving);
  const old = known === null ? [] : known.filters.filter((filter) => !filters.includes(filter));
  if (old.length > 0) await wire.unsubscribe(old);
  const subscribed = (await wire.subscribe(filters, [], { retained: false })) === null && (await mark.ask(wire, [], stop));
  if (subscribed) await whenAborted(AbortSignal.any([wire.ended, stop]));
  await worker.emptied(wire);
  await wire.publish(telling.left);
  await wire.close();
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
