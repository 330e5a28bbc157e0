import { declareAll, declareBeside, type ObjectReport, withChannel } from "../broker/amqp/topology.ts";
import { visitBroker } from "../broker/amqp/visit.ts";
import type { Connection } from "../broker/amqp/link.ts";
import { answerJson, answerText, type BrokerAnswer, nothingToMake, statusOf } from "./broker/answer.ts";
import { type AtBroker, byBroker } from "./broker/by-broker.ts";
import type { Command } from "./command.ts";
import { chosenFlows, readConfiguration } from "./locations.ts";
import { pretty } from "./render/json.ts";
import { lookOf } from "./render/terminal.ts";

export const declare: Command = {
  name: "declare",
  summary: "make the exchanges, queues and bindings of flows at their brokers",
  usage: "hotdir declare [FLOW...] [--json]",
  description: [
    "Makes what the flows need at their brokers and tells of each object: first all exchanges, then the queues with their bindings, and the queues beside them",
    "where messages wait and where dead letters lie. What is there already stays as it is. A flow that runs does the same by itself; here it is done before,",
    "so that messages gather from now on, or with the rights of somebody else. What 'declare: false' says to be another's is only looked for.",
  ].join("\n"),
  options: { json: { type: "boolean", says: "what became of each object, as JSON (docs/reference/json.md)" } },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir declare", does: "all flows; those that use no broker have nothing to declare" },
    { command: "hotdir declare down", does: "one flow, before its host is there" },
  ],
  exits: [4],
  async run(args, context) {
    const flows = chosenFlows(readConfiguration(args, context), args.positionals);
    const answers: BrokerAnswer[] = [];
    for (const at of byBroker(flows)) answers.push(await declareAt(at, context.signal));
    if (args.values["json"] === true) context.stdout.write(pretty(answers.map((answer) => answerJson(answer))));
    else if (answers.length === 0) context.stdout.write("No flow uses a broker: there is nothing to declare.\n");
    else context.stdout.write(answers.map((answer) => answerText(answer, lookOf(context.stdout, context.env))).join("\n"));
    return statusOf(answers, ({ outcome }) => outcome === "refused" || outcome === "absent");
  },
};

async function declareAt(at: AtBroker, signal: AbortSignal): Promise<BrokerAnswer> {
  const { address, flows, broker, exchanges, queues, others } = at;
  if (at.protocol === "mqtt") return { address, flows, reached: null, remark: nothingToMake };
  await using visit = await visitBroker(broker, signal);
  if (!visit.there) return { address, flows, reached: false, trouble: visit.trouble };
  const { connection } = visit;
  const objects: ObjectReport[] = [];
  for (const name of others.exchanges) objects.push({ object: "exchange", name, ...(await lookFor(connection, "exchange", name)) });
  objects.push(...(await declareAll(connection, { exchanges, queues })));
  for (const { name } of queues) objects.push(...(await declareBeside(connection, name)));
  for (const name of others.queues) objects.push({ object: "queue", name, ...(await lookFor(connection, "queue", name)) });
  return { address, flows, reached: true, objects };
}

async function lookFor(connection: Connection, object: ObjectReport["object"], name: string): ReturnType<typeof withChannel> {
  return withChannel(connection, async (channel) => {
    await (object === "queue" ? channel.checkQueue(name) : channel.checkExchange(name));
    return { outcome: "declared" };
  });
}
