import type { QueuedDeadLetter } from "../../flow/bus.ts";
import type { Bytes } from "../../kernel/path.ts";
import { othersWords } from "../../kernel/others-words.ts";
import { readTold } from "../messages/told.ts";
import { type Delivery, deliveryOf, ourHeaders } from "./delivery.ts";
import type { Link } from "./link.ts";
import type { SetAside } from "./set-aside.ts";
import { deadQueueOf, replyCode } from "./topology.ts";

/** More than this at one time nobody reads, and they are held here. */
const PEEKED_MAX = 10_000;

/** The dead letters of a queue, of whichever host. They stay where they are: what is not acknowledged goes back to its place. */
export async function peekDead(link: Link, queue: string, limit: number, signal: AbortSignal): Promise<QueuedDeadLetter[]> {
  const letters: QueuedDeadLetter[] = [];
  await withEach(link, queue, Math.min(limit, PEEKED_MAX), signal, async (delivery) => {
    letters.push(letterOf(delivery));
    return "keep";
  });
  return letters;
}

/**
 * Gives dead letters back to their queue; `paths` null: all that are there when it begins. A copy is confirmed before the
 * original is acknowledged, so a kill in between makes a second one, whose transfer is known by its identity.
 */
export async function reviveDead(
  parts: { link: Link; queue: string; setAside: SetAside },
  paths: readonly Bytes[] | null,
  signal: AbortSignal,
): Promise<number> {
  const wanted = paths === null ? null : new Set<Bytes>(paths);
  let revived = 0;
  await withEach(parts.link, parts.queue, Infinity, signal, async (delivery) => {
    const { path } = letterOf(delivery);
    if (wanted !== null && (path === null || !wanted.has(path))) return "keep";
    if (!(await parts.setAside.revive(delivery, signal))) return "end";
    revived += 1;
    return "gone";
  });
  return revived;
}

type Fate = "keep" | "gone" | "end";

/** So many are on their way back at one time. */
const AT_ONCE = 100;

/** Each letter that is there at the beginning, once. Those that are kept are given back when the channel closes. */
async function withEach(
  link: Link,
  queue: string,
  limit: number,
  signal: AbortSignal,
  decide: (delivery: Delivery) => Promise<Fate>,
): Promise<void> {
  const connection = await link.connection(signal);
  const channel = await connection.model.createChannel();
  channel.on("error", () => {});
  const underWay = new Set<Promise<unknown>>();
  const enough = new AbortController();
  try {
    const dead = deadQueueOf(queue);
    let left = Math.min(limit, (await channel.checkQueue(dead)).messageCount);
    for (; left > 0 && !signal.aborted && !enough.signal.aborted; left -= 1) {
      const message = await channel.get(dead, { noAck: false });
      if (message === false) break;
      const deciding = decide(deliveryOf(message, dead))
        .then((fate) => (fate === "gone" ? channel.ack(message) : fate === "end" && enough.abort()))
        // The channel closed within this very moment: the letter stays, beside its copy.
        .catch(() => enough.abort())
        .finally(() => underWay.delete(deciding));
      underWay.add(deciding);
      if (underWay.size >= AT_ONCE) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } catch (error) {
    await Promise.all(underWay);
    // No dead letter ever made the queue.
    if (replyCode(error) !== 404) throw error;
    return;
  }
  await channel.close();
}

function letterOf(delivery: Delivery): QueuedDeadLetter {
  const read = readTold(delivery);
  const { [ourHeaders.reason]: reason, [ourHeaders.diedMs]: diedMs } = delivery.headers;
  return {
    path: read.ok ? read.told.change.path : null,
    baseUrl: read.ok ? read.told.baseUrl : null,
    reason: typeof reason === "string" ? othersWords(reason) : "(no reason is written on it)",
    diedAtMs: typeof diedMs === "number" && Number.isFinite(diedMs) ? diedMs : null,
  };
}
