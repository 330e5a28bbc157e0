import type { BrokerFacts } from "../status-facts.ts";
import { brokerStates, type Definitions } from "./definitions.ts";

/** Flows that a reload took away leave nothing behind. */
export function resetBroker({ brokerState, queueMessages, queueConsumers, messages, owed }: Definitions): void {
  for (const metric of [brokerState, queueMessages, queueConsumers, messages, owed]) metric.reset();
}

/** How it stands with one broker of a flow. */
export function tellBroker(defined: Definitions, flow: string, facts: BrokerFacts): void {
  const { role, queue, counts } = facts;
  for (const state of brokerStates) defined.brokerState.set({ flow, role, state }, state === (facts.state ?? "closed") ? 1 : 0);
  for (const [name, count] of Object.entries(counts))
    defined.messages.inc({ flow, role, outcome: name === "handedBack" ? "handed-back" : name }, count);
  if (facts.owed !== null) defined.owed.set({ flow }, facts.owed);
  if (queue === null) return;
  const parts = { queued: queue.messages, waiting: queue.waiting, dead: queue.dead };
  for (const [part, messages] of Object.entries(parts)) if (messages !== null) defined.queueMessages.set({ flow, part }, messages);
  if (queue.consumers !== null) defined.queueConsumers.set({ flow }, queue.consumers);
}
