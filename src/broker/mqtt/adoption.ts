import type { Clock } from "../../kernel/clock.ts";
import type { Arrival, Publication } from "./packets.ts";
import { Mark } from "./mark.ts";
import { endTopicOf } from "./topics.ts";
import type { OnArrival, Wire } from "./wire.ts";
import type { Worker } from "./worker.ts";

/** Brokers need not keep the order of different topics: what was still on its way comes within this. */
const QUIET_MS = 500;

export type AdoptionParts = {
  queue: string;
  /** Under the name of the session that nobody serves: whoever else does loses it, and its own host takes it back at any time. */
  connect: (onArrival: OnArrival) => Promise<Wire | null>;
  /** What the session subscribed to. */
  filters: readonly string[];
  /** That we serve it now, that nobody does, and that it is no more. */
  telling: { serving: Publication; left: Publication; ended: Publication };
  worker: Worker;
  clock: Clock;
  stop: AbortSignal;
};

/**
 * Empties the session of a host that is gone: takes what the broker kept for it, asks for no more, and once all of it is done, ends the
 * session. Whenever this is cut short, what was not acknowledged is still in the session, for its own host or the next who adopts it.
 */
export async function adopt(parts: AdoptionParts): Promise<"emptied" | "left"> {
  const { queue, connect, filters, telling, worker, clock, stop } = parts;
  const mark = new Mark(queue);
  let lastMs = clock.steady();
  const wire = await connect((over, arrival) => {
    lastMs = clock.steady();
    if (mark.isAt(arrival.topic) || isNoMessage(arrival, queue)) over.acknowledge(arrival);
    else worker.take(over, arrival);
  });
  if (wire === null) return "left";
  await wire.publish(telling.serving);
  const asked = (await wire.unsubscribe(filters)) === null && (await mark.ask(wire, [], stop));
  if (asked) {
    while (!stop.aborted && !wire.ended.aborted && clock.steady() - lastMs < QUIET_MS)
      await clock.sleep(QUIET_MS / 4, stop).catch(() => {});
  }
  await worker.emptied(wire);
  const emptied = asked && !stop.aborted && !wire.ended.aborted;
  // First the entry: its own host, should it come back between the two, ends this connection and writes its own.
  await wire.publish(emptied ? telling.ended : telling.left);
  await wire.close({ forget: emptied });
  return emptied ? "emptied" : "left";
}

/** What a session holds for us beside messages: the words of hosts, and the question whether all came. */
export function isNoMessage(arrival: Arrival, queue: string): boolean {
  return arrival.messageId === null || arrival.topic.startsWith(endTopicOf(queue, ""));
}
