import { type BrokerAddress, readAddress, showAddress } from "../../broker/amqp/address.ts";
import { troubleText } from "../../broker/amqp/bus-state.ts";
import type { Connection } from "../../broker/amqp/link.ts";
import { type Asked, askRight, type Right } from "../../broker/amqp/permission.ts";
import { surveyExchange, surveyQueue } from "../../broker/amqp/survey.ts";
import { asideExchangeOf, type QueueSpec } from "../../broker/amqp/topology.ts";
import { visitBroker } from "../../broker/amqp/visit.ts";
import { exchangeSpecsOf, queueSpecOf } from "../../broker/amqp/wanted.ts";
import type { BrokerUse } from "../../daemon/broker-uses.ts";
import type { SubscriptionSettings } from "../../flow/settings.ts";
import { assert } from "../../kernel/errors.ts";
import { formatMany } from "../../kernel/readable.ts";
import { brokerAdvice, permissionAdvice } from "./broker-advice.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import { probeMqtt } from "./mqtt.ts";
import type { Written } from "./written.ts";

export type BrokerCheck = { findings: Finding[]; unreachable: boolean };

export type BrokerProbe = { flow: string; use: BrokerUse; written: Written; signal: AbortSignal };

const keys: Record<BrokerUse["role"], string> = { subscribe: "source.subscribe", publish: "destination.publish", announce: "announce" };

/** Connects and asks what the broker holds and allows. Nothing is made, sent or taken. */
export async function probeBroker(probe: BrokerProbe): Promise<BrokerCheck> {
  const { use, written, signal } = probe;
  const { broker } = use.settings;
  const read = readAddress(broker.url);
  assert(read.ok, "the configuration lets no broker's address through that is none");
  const { address } = read;
  if (address.protocol === "mqtt") return await probeMqtt(probe, address);
  await using visit = await visitBroker(broker, signal);
  if (!visit.there) {
    const text = `the broker ${showAddress(address)}: ${troubleText(visit.trouble)}`;
    return { findings: [problem(text, brokerAdvice(visit.trouble, { address, broker, key: keys[use.role], written }))], unreachable: true };
  }
  const { connection, user, server } = visit;
  const findings = [good(`logged in to the broker ${showAddress(address)} as ${user} (${server})`)];
  findings.push(...(await probeRights(connection, use, address, user)));
  findings.push(...(await (use.role === "subscribe" ? probeQueue(connection, probe, use.settings) : probeExchanges(connection, probe))));
  return { findings, unreachable: false };
}

type Wanted = { right: Right; object: Asked };

function rightsFor(use: BrokerUse): Wanted[] {
  if (use.role !== "subscribe")
    return exchangeSpecsOf(use.settings).flatMap(({ name }): Wanted[] => [
      ...(use.settings.declare ? [{ right: "configure" as const, object: { kind: "exchange" as const, name } }] : []),
      { right: "write", object: { kind: "exchange", name } },
    ]);
  const { queue, exchange, declare } = use.settings;
  const own = { kind: "queue", name: queue } as const;
  // What is set aside goes by an exchange of the queue's own name.
  const aside = { kind: "exchange", name: asideExchangeOf(queue), queue } as const;
  return [
    ...(declare ? [{ right: "configure" as const, object: own }] : []),
    { right: "write", object: own },
    { right: "read", object: own },
    { right: "read", object: { kind: "exchange", name: exchange, queue } },
    { right: "configure", object: aside },
    { right: "write", object: aside },
  ];
}

async function probeRights(connection: Connection, use: BrokerUse, address: BrokerAddress, user: string): Promise<Finding[]> {
  const lacking: Array<{ right: Right; kind: string; name: string }> = [];
  for (const { right, object } of rightsFor(use)) {
    const { answer } = await askRight(connection, right, object);
    if (answer === "refused") lacking.push({ right, kind: object.kind, name: object.name });
  }
  if (lacking.length === 0) return [good(`${user} may do there what the flow needs`)];
  const listed = lacking.map(({ right, kind, name }) => `${right} the ${kind} ${name}`).join(", ");
  return [problem(`the broker does not let ${user} ${listed}`, permissionAdvice(lacking, address, user))];
}

async function probeQueue(connection: Connection, { flow, written }: BrokerProbe, settings: SubscriptionSettings): Promise<Finding[]> {
  const findings: Finding[] = [];
  const spec: QueueSpec = queueSpecOf(settings);
  const exchange = await surveyExchange(connection, { name: settings.exchange, durable: true });
  if (!exchange.there)
    findings.push(
      note(
        `the exchange ${settings.exchange} is not there yet: no message can come until whoever publishes makes it`,
        `is its name right? If not, ${written("source.subscribe.exchange", "ANOTHER-NAME")}`,
      ),
    );
  const queue = await surveyQueue(connection, spec);
  if (!queue.there)
    return [
      ...findings,
      settings.declare
        ? note(
            `the queue ${spec.name} is not there yet: messages gather from the flow's first start on`,
            `to make it now: hotdir declare ${flow}`,
          )
        : problem(`the queue ${spec.name} is not there, and is another's to make`, written("source.subscribe.declare", "true")),
    ];
  const { messages, consumers, dead, differs } = queue;
  findings.push(good(`the queue ${spec.name} is there: ${formatMany(messages, "message")}, ${formatMany(consumers, "consumer")}`));
  if (differs !== null && settings.declare)
    findings.push(
      note(
        `it is not as configured, and is used as it is: ${differs}`,
        `to have it as configured, with the flow stopped on all hosts: hotdir cleanup ${flow} && hotdir declare ${flow}`,
      ),
    );
  if (dead > 0)
    findings.push(
      note(`${formatMany(dead, "dead letter")} of the queue ${dead === 1 ? "waits" : "wait"} for a person`, `hotdir dead ${flow}`),
    );
  return findings;
}

async function probeExchanges(connection: Connection, { flow, use, written }: BrokerProbe): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (use.role === "subscribe") return findings;
  for (const spec of exchangeSpecsOf(use.settings)) {
    const survey = await surveyExchange(connection, spec);
    if (survey.there && survey.differs === null) findings.push(good(`the exchange ${spec.name} is there`));
    else if (survey.there)
      findings.push(
        problem(`the exchange ${spec.name} is of another kind: ${survey.differs}`, written(`${keys[use.role]}.exchange`, "ANOTHER-NAME")),
      );
    else if (use.settings.declare)
      findings.push(
        note(`the exchange ${spec.name} is not there yet: it is made when the flow starts`, `to make it now: hotdir declare ${flow}`),
      );
    else
      findings.push(
        problem(`the exchange ${spec.name} is not there, and is another's to make`, written(`${keys[use.role]}.declare`, "true")),
      );
  }
  return findings;
}
