import { declareAll } from "../../broker/amqp/topology.ts";
import { visitBroker } from "../../broker/amqp/visit.ts";
import { brokerUsesOf } from "../../daemon/broker-uses.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { answerText, type BrokerAnswer, statusOf } from "../broker/answer.ts";
import { type AtBroker, byBroker } from "../broker/by-broker.ts";
import { plain } from "../render/terminal.ts";

/**
 * What one configuration publishes another is to get: a message that comes to an exchange before there is a queue is lost. So the queues of
 * both are made before either runs. `known`: those that were made before, and so need no broker that answers now.
 */
export async function declareFirst(flows: readonly FlowSettings[], known: readonly string[], signal: AbortSignal): Promise<FirstDeclared> {
  const wanted = byBroker(meeting(flows)).filter(({ protocol }) => protocol === "amqp");
  const open = wanted.filter((at) => keysOf(at).some((key) => !known.includes(key)));
  const declared: string[] = [];
  const told: string[] = [];
  let status = 0;
  for (const at of open) {
    const answer = await declareAt(at, signal);
    const outcome = statusOf([answer], (report) => report.outcome === "refused");
    if (outcome === 0) declared.push(...keysOf(at));
    else told.push(answerText(answer, plain).trimEnd());
    status = Math.max(status, outcome === 0 ? 0 : 4);
  }
  return { status, declared, told };
}

/** `status`: 4 where something could not be made. */
export type FirstDeclared = { status: number; declared: string[]; told: string[] };

/** Subscribers, and those who publish what they subscribe to. */
export function meeting(flows: readonly FlowSettings[]): FlowSettings[] {
  const uses = flows.map((flow) => ({ flow, uses: brokerUsesOf(flow) }));
  const published = new Set(
    uses.flatMap((one) => one.uses.flatMap(({ role, settings }) => (role === "subscribe" ? [] : [settings.exchange]))),
  );
  const subscribed = new Set(
    uses.flatMap((one) =>
      one.uses.flatMap(({ role, settings }) =>
        role === "subscribe" && isPublished(settings.exchange, published) ? [settings.exchange] : [],
      ),
    ),
  );
  return uses.flatMap(({ flow, uses: own }) =>
    own.some(({ settings }) => [...subscribed].some((exchange) => belongs(exchange, settings.exchange))) ? [flow] : [],
  );
}

/** What is split over several exchanges is published to NAME00, NAME01 and so on. */
function belongs(one: string, other: string): boolean {
  return one === other || one.replace(/\d\d$/, "") === other || other.replace(/\d\d$/, "") === one;
}

function isPublished(exchange: string, published: ReadonlySet<string>): boolean {
  return [...published].some((name) => belongs(exchange, name));
}

async function declareAt({ address, flows, broker, exchanges, queues }: AtBroker, signal: AbortSignal): Promise<BrokerAnswer> {
  await using visit = await visitBroker(broker, signal);
  if (!visit.there) return { address, flows, reached: false, trouble: visit.trouble };
  return { address, flows, reached: true, objects: await declareAll(visit.connection, { exchanges, queues }) };
}

/** With its bindings: a queue that is bound to something else is another. */
export function keysOf({ address, queues }: AtBroker): string[] {
  return queues.map(({ name, bindings }) => JSON.stringify([address, name, bindings]));
}
