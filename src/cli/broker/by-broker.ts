import { readAddress, showAddress } from "../../broker/amqp/address.ts";
import { type ExchangeSpec, type QueueSpec } from "../../broker/amqp/topology.ts";
import { exchangeSpecsOf, queueSpecOf } from "../../broker/amqp/wanted.ts";
import { type BrokerUse, brokerUsesOf } from "../../daemon/broker-uses.ts";
import type { BrokerSettings, FlowSettings } from "../../flow/settings.ts";

/** `others`: what flows need and is not theirs to make. */
export type AtBroker = {
  broker: BrokerSettings;
  address: string;
  protocol: "amqp" | "mqtt";
  flows: string[];
  exchanges: ExchangeSpec[];
  queues: QueueSpec[];
  others: { exchanges: string[]; queues: string[] };
};

/** What the flows want of each broker, each object once. A broker with another account is another broker: its rights differ. */
export function byBroker(flows: readonly FlowSettings[]): AtBroker[] {
  const found = new Map<string, AtBroker>();
  for (const flow of flows) {
    for (const use of brokerUsesOf(flow)) {
      const { broker } = use.settings;
      const key = JSON.stringify([broker.url, broker.credentialsFile, broker.caFile]);
      const at = found.get(key) ?? emptyAt(broker);
      found.set(key, at);
      if (!at.flows.includes(flow.name)) at.flows.push(flow.name);
      addWanted(at, use);
    }
  }
  return [...found.values()];
}

function emptyAt(broker: BrokerSettings): AtBroker {
  const read = readAddress(broker.url);
  const address = read.ok ? showAddress(read.address) : broker.url;
  const protocol = read.ok ? read.address.protocol : "amqp";
  return { broker, address, protocol, flows: [], exchanges: [], queues: [], others: { exchanges: [], queues: [] } };
}

function addWanted(at: AtBroker, use: BrokerUse): void {
  if (use.role === "subscribe") {
    const spec = queueSpecOf(use.settings);
    if (!use.settings.declare) addOnce(at.others.queues, spec.name);
    else if (!at.queues.some(({ name }) => name === spec.name)) at.queues.push(spec);
    return;
  }
  for (const spec of exchangeSpecsOf(use.settings)) {
    if (!use.settings.declare) addOnce(at.others.exchanges, spec.name);
    else if (!at.exchanges.some(({ name }) => name === spec.name)) at.exchanges.push(spec);
  }
}

function addOnce(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name);
}
