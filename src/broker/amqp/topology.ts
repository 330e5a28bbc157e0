import type { Channel } from "amqplib";
import { messageOf } from "../../kernel/errors.ts";
import type { Connection } from "./link.ts";

/** Exchanges and queues as sr3 names and declares them, so that either can take the other's place while the broker holds messages. */
export type ExchangeSpec = { name: string; durable: boolean };

export type QueueSpec = {
  name: string;
  durable: boolean;
  /** The queue goes when nobody used it for so long, with what it holds; null: never. */
  expireMs: number | null;
  /** What it holds goes when it is older; null: never. */
  messageTtlMs: number | null;
  bindings: ReadonlyArray<{ exchange: string; key: string }>;
};

/** `xs_pas037`; with a suffix `xs_pas037_from_loli`. */
export function exchangeName(user: string, suffix: string | null = null): string {
  return suffix === null ? `xs_${user}` : `xs_${user}_${suffix}`;
}

/** `q_pas037.sender.to_hpfx.bob_localhost_07605188`: all who give the same names share one queue. */
export function queueName(of: { user: string; component: string; config: string; share: string }): string {
  return `q_${of.user}.${of.component}.${of.config}.${of.share}`;
}

/** AMQP's 255, less what the names of the queues beside it add. */
export const QUEUE_NAME_BYTES_MAX = 240;

/** The queue of what is not tried again until a person says so. */
export function deadQueueOf(queue: string): string {
  return `${queue}.dead`;
}

/** The waits that "again" can have; each has a queue of its own, so that what is due first is first in it. */
export const waitsS = [1, 10, 60, 600, 3600] as const;

export function waitQueueOf(queue: string, afterMs: number): { name: string; waitS: number } {
  const waitS = waitsS.find((seconds) => seconds * 1000 >= afterMs) ?? 3600;
  return { name: `${queue}.again_${waitS}s`, waitS };
}

/**
 * Where what is set aside is published: it leads to the queue itself and to those beside it, by their names. Not the
 * broker's default exchange, to which the users of sr3 may not write; this one bears the queue's name, so whoever may
 * make the queue may make it.
 */
export function asideExchangeOf(queue: string): string {
  return `${queue}.aside`;
}

export async function declareAsideExchange(channel: Channel, queue: string): Promise<void> {
  await channel.assertExchange(asideExchangeOf(queue), "direct", { durable: true, autoDelete: false, internal: false });
}

/** Durable, topic: the only kind that sr3 makes. */
export async function declareExchange(channel: Channel, exchange: ExchangeSpec): Promise<void> {
  await channel.assertExchange(exchange.name, "topic", { durable: exchange.durable, autoDelete: false, internal: false });
}

export async function declareQueue(channel: Channel, queue: QueueSpec): Promise<void> {
  const args = {
    ...(queue.expireMs === null ? {} : { "x-expires": queue.expireMs }),
    ...(queue.messageTtlMs === null ? {} : { "x-message-ttl": queue.messageTtlMs }),
  };
  await channel.assertQueue(queue.name, { durable: queue.durable, exclusive: false, autoDelete: false, arguments: args });
  await bindQueue(channel, queue);
}

async function bindQueue(channel: Channel, queue: QueueSpec): Promise<void> {
  for (const { exchange, key } of queue.bindings) await channel.bindQueue(queue.name, exchange, key);
}

/** The queues beside a queue: durable, without end, and with nothing bound to them. */
export function sideQueue(name: string): QueueSpec {
  return { name, durable: true, expireMs: null, messageTtlMs: null, bindings: [] };
}

export type ObjectOutcome =
  | { outcome: "declared" | "removed" | "absent" }
  /** There already, with other properties; it is used as it is. */
  | { outcome: "differs"; detail: string }
  /** Nothing was removed: it holds messages, or something uses it. */
  | { outcome: "kept"; detail: string; messages: number }
  | { outcome: "refused"; detail: string };

export type ObjectReport = { object: "exchange" | "queue"; name: string } & ObjectOutcome;

export type Topology = { exchanges: readonly ExchangeSpec[]; queues: readonly QueueSpec[] };

/** First all exchanges, then the queues with their bindings. What the broker refuses is told, and the rest is done. */
export async function declareAll(connection: Connection, topology: Topology): Promise<ObjectReport[]> {
  const reports: ObjectReport[] = [];
  for (const exchange of topology.exchanges) {
    const declared = await withChannel(connection, async (channel) => (await declareExchange(channel, exchange), { outcome: "declared" }));
    reports.push({ object: "exchange", name: exchange.name, ...declared });
  }
  for (const queue of topology.queues) {
    const declared = await declareAndBind(connection, queue);
    reports.push({ object: "queue", name: queue.name, ...(declared.outcome === "absent" ? unbound(queue) : declared) });
  }
  return reports;
}

/** One that is there with other properties, another expiry say, serves as it is: sr3 may have made it. It is bound all the same. */
export async function declareAndBind(connection: Connection, queue: QueueSpec): Promise<ObjectOutcome> {
  const declared = await withChannel(connection, async (channel) => (await declareQueue(channel, queue), { outcome: "declared" }));
  if (declared.outcome !== "differs") return declared;
  const bound = await withChannel(connection, async (channel) => (await bindQueue(channel, queue), { outcome: "declared" }));
  return bound.outcome === "declared" ? declared : bound;
}

/** The queue is there by then, and what it is to be bound to is not. */
function unbound({ bindings }: QueueSpec): ObjectOutcome {
  const exchanges = [...new Set(bindings.map(({ exchange }) => exchange))].join(", ");
  return { outcome: "refused", detail: `it is not bound: the exchange ${exchanges} is not there; whoever publishes makes it` };
}

/** What stands beside a queue: where messages wait, where dead letters are, and the way to both and back. */
export async function declareBeside(connection: Connection, queue: string): Promise<ObjectReport[]> {
  const aside = await withChannel(connection, async (channel) => (await declareAsideExchange(channel, queue), { outcome: "declared" }));
  const reports: ObjectReport[] = [{ object: "exchange", name: asideExchangeOf(queue), ...aside }];
  for (const name of besideOf(queue)) {
    const declared = await withChannel(connection, async (channel) => {
      await declareQueue(channel, sideQueue(name));
      await channel.bindQueue(name, asideExchangeOf(queue), name);
      return { outcome: "declared" };
    });
    reports.push({ object: "queue", name, ...declared });
  }
  return reports;
}

/** The queues beside a queue. */
export function besideOf(queue: string): string[] {
  return [...waitsS.map((waitS) => waitQueueOf(queue, waitS * 1000).name), deadQueueOf(queue)];
}

/** A refusal closes its channel, so each object has one of its own. */
export async function withChannel(connection: Connection, act: (channel: Channel) => Promise<ObjectOutcome>): Promise<ObjectOutcome> {
  const channel = await connection.model.createChannel();
  channel.on("error", () => {});
  try {
    const outcome = await act(channel);
    await channel.close();
    return outcome;
  } catch (error) {
    if (connection.ended.aborted) throw error;
    const detail = messageOf(error).slice(0, 300);
    if (replyCode(error) === 404) return { outcome: "absent" };
    if (replyCode(error) === 406)
      return /in use|not empty/i.test(detail) ? { outcome: "kept", detail, messages: 0 } : { outcome: "differs", detail };
    return { outcome: "refused", detail };
  }
}

/** 403 not permitted, 404 not there, 406 there with other properties; null where the broker did not speak. */
export function replyCode(error: unknown): number | null {
  return error instanceof Error && "code" in error && typeof error.code === "number" ? error.code : null;
}
