import { createHash } from "node:crypto";
import type { QueuedDeadLetter } from "../../flow/bus.ts";
import type { Bytes } from "../../kernel/path.ts";
import { othersWords } from "../../kernel/others-words.ts";
import { readTold } from "../messages/told.ts";
import { NO_SUBSCRIBERS } from "./announcer.ts";
import { Mark } from "./mark.ts";
import type { Arrival } from "./packets.ts";
import { deadTopicOf, returnTopicOf } from "./topics.ts";
import type { Wire } from "./wire.ts";

/** On messages that are dead or were given back; nobody else reads them. */
export const ourProperties = {
  reason: "hotdir-reason",
  diedAt: "hotdir-died-at",
  /** Where it was first published. */
  topic: "hotdir-topic",
} as const;

/** A property holds 64 KiB at most. */
const REASON_CHARACTERS_MAX = 1000;
const PACKET_TOO_LARGE = 0x95;
/** Somebody waits for it. */
const EXHUME_MS_MAX = 60_000;

/** What one and the same message is known by, also when it comes again. */
export function nameOfMessage(topic: string, body: Uint8Array): string {
  return createHash("sha256").update(topic).update("\0").update(body).digest("hex");
}

/** Where it was first published, also when it was given back. */
export function firstTopicOf({ topic, userProperties }: Arrival, queue: string): string {
  return topic === returnTopicOf(queue) ? (userProperties[ourProperties.topic] ?? topic) : topic;
}

/**
 * Keeps the message with its reason as the last word of a topic of its own: it outlives every session, and the same message that
 * dies twice is there once. Null: it is there, and the original may be acknowledged.
 */
export async function bury(wire: Wire, queue: string, arrival: Arrival, reason: string, nowMs: number): Promise<string | null> {
  const topic = firstTopicOf(arrival, queue);
  const letter = (payload: Buffer, why: string): Parameters<Wire["publish"]>[0] => ({
    topic: deadTopicOf(queue, nameOfMessage(topic, arrival.payload)),
    payload,
    contentType: arrival.contentType ?? null,
    userProperties: {
      [ourProperties.reason]: why.slice(0, REASON_CHARACTERS_MAX),
      [ourProperties.diedAt]: String(nowMs),
      [ourProperties.topic]: topic,
    },
    retain: true,
  });
  // A letter without a word would be taken for the end of its topic.
  const body = arrival.payload.byteLength === 0 ? Buffer.from(" ") : arrival.payload;
  let answer = await wire.publish(letter(body, reason));
  if (answer.answer === "code" && answer.code === PACKET_TOO_LARGE) {
    answer = await wire.publish(letter(Buffer.from(" "), `${reason} (its ${body.byteLength} B are more than the broker keeps)`));
  }
  // Nobody has to listen: it is retained.
  return answer.answer === "code" && (answer.code === 0 || answer.code === NO_SUBSCRIBERS) ? null : answer.detail;
}

export type BuriedLetter = QueuedDeadLetter & { arrival: Arrival };

/** All dead letters of a queue, the oldest first, and the connection that they were read over; null: the broker is out of reach. */
export async function exhume(
  queue: string,
  open: (onArrival: (wire: Wire, arrival: Arrival) => void) => Promise<Wire | null>,
): Promise<{ wire: Wire; letters: BuriedLetter[] } | null> {
  const letters: BuriedLetter[] = [];
  const mark = new Mark(queue);
  const wire = await open((from, arrival) => {
    from.acknowledge(arrival);
    if (!mark.isAt(arrival.topic) && arrival.payload.byteLength > 0) letters.push(letterOf(arrival));
  });
  if (wire === null) return null;
  if (!(await mark.ask(wire, [deadTopicOf(queue, "+")], AbortSignal.timeout(EXHUME_MS_MAX)))) {
    await wire.close();
    return null;
  }
  return { wire, letters: letters.sort((a, b) => (a.diedAtMs ?? 0) - (b.diedAtMs ?? 0)) };
}

function letterOf(arrival: Arrival): BuriedLetter {
  const read = readTold({ contentType: arrival.contentType, body: arrival.payload });
  const diedAtMs = Number(arrival.userProperties[ourProperties.diedAt]);
  return {
    arrival,
    path: read.ok ? read.told.change.path : null,
    baseUrl: read.ok ? read.told.baseUrl : null,
    reason: othersWords(arrival.userProperties[ourProperties.reason] ?? ""),
    // Whoever may publish may write it, too.
    diedAtMs: Number.isSafeInteger(diedAtMs) && diedAtMs > 0 ? diedAtMs : null,
  };
}

/** To the queue alone, and then out of the dead letters: a kill between the two makes a second one, and never none. */
export async function giveBack(wire: Wire, queue: string, { arrival }: BuriedLetter): Promise<boolean> {
  const given = await wire.publish({
    topic: returnTopicOf(queue),
    payload: arrival.payload,
    contentType: arrival.contentType ?? null,
    userProperties: { [ourProperties.topic]: arrival.userProperties[ourProperties.topic] ?? "" },
    retain: false,
  });
  // No subscription: the queue is not there, and the letter stays where it is.
  if (given.answer !== "code" || given.code !== 0) return false;
  await wire.publish({ topic: arrival.topic, payload: Buffer.alloc(0), contentType: null, userProperties: {}, retain: true });
  return true;
}

/** Whether a person who named these paths means this letter; null: all are meant. */
export function isMeant(letter: BuriedLetter, paths: readonly Bytes[] | null): boolean {
  return paths === null || (letter.path !== null && paths.includes(letter.path));
}
