import type { Connection } from "./link.ts";
import { asideExchangeOf, besideOf, type ObjectOutcome, type ObjectReport, type Topology, withChannel } from "./topology.ts";

/**
 * Removes the queues, those that stand beside them, and the exchanges that nothing is bound to any more. `withMessages`:
 * a person said that what the queues hold may go; else a queue that holds anything is kept.
 */
export async function removeAll(connection: Connection, topology: Topology, options: { withMessages: boolean }): Promise<ObjectReport[]> {
  const reports: ObjectReport[] = [];
  for (const { name } of topology.queues) {
    const own = await removeQueue(connection, name, options.withMessages);
    reports.push({ object: "queue", name, ...own });
    // Somebody uses it: then what waits beside it, and its way back, are needed.
    if (own.outcome !== "removed" && own.outcome !== "absent") continue;
    reports.push(...(await removeBeside(connection, name, options.withMessages)));
  }
  for (const { name } of topology.exchanges) reports.push({ object: "exchange", name, ...(await removeExchange(connection, name)) });
  return reports;
}

async function removeBeside(connection: Connection, queue: string, withMessages: boolean): Promise<ObjectReport[]> {
  const reports: ObjectReport[] = [];
  for (const name of besideOf(queue)) reports.push({ object: "queue", name, ...(await removeQueue(connection, name, withMessages)) });
  if (reports.every(({ outcome }) => outcome === "removed" || outcome === "absent")) {
    const name = asideExchangeOf(queue);
    reports.push({ object: "exchange", name, ...(await removeExchange(connection, name)) });
  }
  return reports.filter(({ outcome }) => outcome !== "absent");
}

async function removeQueue(connection: Connection, queue: string, withMessages: boolean): Promise<ObjectOutcome> {
  return withChannel(connection, async (channel) => {
    const { messageCount: messages, consumerCount } = await channel.checkQueue(queue);
    if (consumerCount > 0) return { outcome: "kept", detail: `${consumerCount} of its consumers are connected`, messages };
    if (messages > 0 && !withMessages) return { outcome: "kept", detail: `it holds ${messages} messages`, messages };
    // The broker looks once more: what came in between is not lost.
    await channel.deleteQueue(queue, { ifUnused: true, ifEmpty: !withMessages });
    return { outcome: "removed" };
  });
}

async function removeExchange(connection: Connection, name: string): Promise<ObjectOutcome> {
  return withChannel(connection, async (channel) => {
    await channel.checkExchange(name);
    await channel.deleteExchange(name, { ifUnused: true });
    return { outcome: "removed" };
  });
}

export type Held = { queue: string; messages: number; consumers: number };

/** What the queues and those beside them hold; those that are not there hold nothing. */
export async function heldBy(connection: Connection, queues: readonly string[]): Promise<Held[]> {
  const found: Held[] = [];
  for (const queue of queues.flatMap((name) => [name, ...besideOf(name)])) {
    await withChannel(connection, async (channel) => {
      const { messageCount: messages, consumerCount: consumers } = await channel.checkQueue(queue);
      if (messages > 0 || consumers > 0) found.push({ queue, messages, consumers });
      return { outcome: "declared" };
    });
  }
  return found;
}
