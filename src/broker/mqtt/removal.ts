import { type Clock, systemClock } from "../../kernel/clock.ts";
import type { BrokerSettings } from "../../flow/settings.ts";
import type { LinkTrouble } from "../amqp/link-state.ts";
import type { ObjectOutcome, ObjectReport, QueueSpec } from "../amqp/topology.ts";
import { isNoMessage } from "./adoption.ts";
import { Mark } from "./mark.ts";
import { FOREVER_S, type Publication, type Session } from "./packets.ts";
import { GUARD_ID, readEntry, STALE_MS, telling } from "./roster.ts";
import { deadTopicOf, hostIdOf, hostTopicOf } from "./topics.ts";
import { clientIdOf, passing, type ToBroker, visitBroker, wayTo } from "./visit.ts";
import type { Wire } from "./wire.ts";

/** What is there of a queue: `serving` hosts, and what the broker keeps for hosts that are away. */
export type MqttQueue = { name: string; serving: number; messages: number; sessions: string[]; deadTopics: string[] };

export type MqttLook = { reached: true; queues: MqttQueue[] } | { reached: false; trouble: LinkTrouble };

/** Longer than the slowest of these takes. */
const LOOK_MS_MAX = 60_000;
const RECEIVE_MAX = 0xffff;

/** Nothing is taken and nothing is ended; a host that starts at this very moment has to connect once more. */
export async function lookAtQueues(broker: BrokerSettings, specs: readonly QueueSpec[], clock: Clock = systemClock()): Promise<MqttLook> {
  const to = wayTo(broker, clock);
  const queues: MqttQueue[] = [];
  for (const spec of specs) {
    const opened = await survey(to, spec, clock);
    if (!("queue" in opened)) return { reached: false, trouble: opened };
    queues.push(opened.queue);
  }
  return { reached: true, queues };
}

/** Ends the sessions of hosts that are away, and forgets the dead letters. `withMessages`: a person said that what they hold may go. */
export async function removeQueues(
  broker: BrokerSettings,
  specs: readonly QueueSpec[],
  options: { withMessages: boolean },
  clock: Clock = systemClock(),
): Promise<ObjectReport[]> {
  const to = wayTo(broker, clock);
  const reports: ObjectReport[] = [];
  for (const spec of specs)
    reports.push({ object: "queue", name: spec.name, ...(await removeQueue(to, spec, options.withMessages, clock)) });
  return reports;
}

async function removeQueue(to: ToBroker, spec: QueueSpec, withMessages: boolean, clock: Clock): Promise<ObjectOutcome> {
  const found = await survey(to, spec, clock);
  if (!("queue" in found)) return { outcome: "refused", detail: found.detail };
  const { serving, messages, sessions, deadTopics } = found.queue;
  if (serving > 0) return { outcome: "kept", detail: `${serving} of its hosts are connected`, messages };
  if (messages > 0 && !withMessages) return { outcome: "kept", detail: `it holds ${messages} messages`, messages };
  if (sessions.length + deadTopics.length === 0) return { outcome: "absent" };
  for (const id of sessions) {
    const opened = await visitBroker(to, sessionOf(spec, id), () => {});
    if (!opened.ok) return { outcome: "refused", detail: opened.trouble.detail };
    await opened.wire.publish(telling(spec.name, id, null));
    await opened.wire.close({ forget: true });
  }
  const opened = await visitBroker(to, passing("clean"), () => {});
  if (!opened.ok) return { outcome: "refused", detail: opened.trouble.detail };
  for (const topic of deadTopics) await opened.wire.publish(nothingAt(topic));
  await opened.wire.close();
  return { outcome: "removed" };
}

async function survey(to: ToBroker, spec: QueueSpec, clock: Clock): Promise<{ queue: MqttQueue } | LinkTrouble> {
  const { name } = spec;
  const queue: MqttQueue = { name, serving: 0, messages: 0, sessions: [], deadTopics: [] };
  const mark = new Mark(name);
  const opened = await visitBroker(to, passing("look"), (wire, arrival) => {
    wire.acknowledge(arrival);
    const id = hostIdOf(name, arrival.topic);
    const entry = id === null ? null : readEntry(arrival.payload);
    if (mark.isAt(arrival.topic) || arrival.payload.byteLength === 0) return;
    if (id !== null && entry !== null) {
      const served = entry.state === "here" && clock.wall() - entry.saidAtMs < STALE_MS;
      if (!served) queue.sessions.push(id);
      else if (id !== GUARD_ID) queue.serving += 1;
    } else if (arrival.topic.startsWith(deadTopicOf(name, ""))) queue.deadTopics.push(arrival.topic);
  });
  if (!opened.ok) return opened.trouble;
  const all = await mark.ask(opened.wire, [hostTopicOf(name, "+"), deadTopicOf(name, "+")], AbortSignal.timeout(LOOK_MS_MAX));
  await opened.wire.close();
  if (!all) return { trouble: "lost", detail: "what the broker keeps of the queue could not be read" };
  let shared = 0;
  let guarded = 0;
  for (const id of queue.sessions) {
    const held = await countIn(to, spec, id);
    if (typeof held !== "number") return held;
    if (id === GUARD_ID) guarded = held;
    else shared += held;
  }
  // The guard has a copy of what the others have.
  queue.messages = queue.deadTopics.length + Math.max(shared, guarded);
  return { queue };
}

/** Has all come that a session holds, without a word that it did: it then holds it still. */
async function countIn(to: ToBroker, spec: QueueSpec, id: string): Promise<number | LinkTrouble> {
  const mark = new Mark(spec.name);
  let held = 0;
  const opened = await visitBroker(to, sessionOf(spec, id), (wire: Wire, arrival) => {
    if (mark.isAt(arrival.topic) || isNoMessage(arrival, spec.name)) wire.acknowledge(arrival);
    else held += 1;
  });
  if (!opened.ok) return opened.trouble;
  const { wire } = opened;
  // A session that holds more than can be under way shows no more than that; it is then enough to know.
  const full = new AbortController();
  const timer = setInterval(() => held >= RECEIVE_MAX && full.abort(), 100);
  await mark.ask(wire, [], AbortSignal.any([AbortSignal.timeout(LOOK_MS_MAX), full.signal]));
  clearInterval(timer);
  await wire.unsubscribe([mark.topic]);
  await wire.close();
  return held;
}

function sessionOf({ name, expireMs }: QueueSpec, id: string): Session {
  const keptS = expireMs === null ? FOREVER_S : Math.max(1, Math.ceil(expireMs / 1000));
  return { clientId: clientIdOf(name, id), keptS, receiveMax: RECEIVE_MAX, will: null };
}

function nothingAt(topic: string): Publication {
  return { topic, payload: Buffer.alloc(0), contentType: null, userProperties: {}, retain: true };
}
