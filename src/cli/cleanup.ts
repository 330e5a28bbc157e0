import { type Held, heldBy, removeAll } from "../broker/amqp/removal.ts";
import { type Visit, visitBroker } from "../broker/amqp/visit.ts";
import { lookAtQueues, removeQueues } from "../broker/mqtt/removal.ts";
import { HotdirError } from "../kernel/errors.ts";
import { formatMany } from "../kernel/readable.ts";
import { answerJson, answerText, type BrokerAnswer, statusOf } from "./broker/answer.ts";
import { type AtBroker, byBroker } from "./broker/by-broker.ts";
import type { CliContext, Command } from "./command.ts";
import { Conversation } from "./init/conversation.ts";
import { chosenFlows, readConfiguration } from "./locations.ts";
import { pretty } from "./render/json.ts";
import { lookOf } from "./render/terminal.ts";

export const cleanup: Command = {
  name: "cleanup",
  summary: "remove the exchanges and queues of flows from their brokers",
  usage: "hotdir cleanup [FLOW...] [--yes] [--json]",
  description: [
    "Removes what 'declare' made: the queues of the flows with those beside them, and the exchanges that they publish and announce to, unless something else is bound to",
    "them. What 'declare: false' says to be another's stays, and so does a queue while anybody consumes from it: stop the flow on all hosts first. Messages in a queue",
    "are changes that nobody has made true yet; where there are any it asks, or wants --yes.",
  ].join("\n"),
  options: {
    yes: { type: "boolean", short: "y", says: "also queues that hold messages, with what they hold" },
    json: { type: "boolean", says: "what became of each object, as JSON (docs/reference/json.md)" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir cleanup down", does: "a flow that is not wanted any more; asks where messages wait" },
    { command: "hotdir cleanup --yes", does: "all flows, with all that waits for them" },
  ],
  exits: [4],
  async run(args, context) {
    const flows = chosenFlows(readConfiguration(args, context), args.positionals);
    const json = args.values["json"] === true;
    await using visits = new AsyncDisposableStack();
    const visited: Array<{ at: AtBroker; visit: Visit | null }> = [];
    for (const at of byBroker(flows))
      visited.push({ at, visit: at.protocol === "mqtt" ? null : visits.use(await visitBroker(at.broker, context.signal)) });
    const held = await heldByAll(visited);
    const withMessages = held.length > 0 && (args.values["yes"] === true || (await mayGo(held, context, json)));
    // Whoever says no keeps all of it: what a queue holds comes by its exchange.
    if (held.length > 0 && !withMessages) {
      context.stdout.write("Nothing was removed.\n");
      return 1;
    }
    const answers: BrokerAnswer[] = [];
    for (const { at, visit } of visited) answers.push(await cleanAt(at, visit, withMessages));
    if (json) context.stdout.write(pretty(answers.map((answer) => answerJson(answer))));
    else if (answers.length === 0) context.stdout.write("No flow uses a broker: there is nothing to remove.\n");
    else context.stdout.write(answers.map((answer) => answerText(answer, lookOf(context.stdout, context.env))).join("\n"));
    return statusOf(answers, ({ outcome }) => outcome === "refused" || outcome === "kept");
  },
};

async function heldByAll(visited: ReadonlyArray<{ at: AtBroker; visit: Visit | null }>): Promise<Held[]> {
  const found: Held[] = [];
  for (const { at, visit } of visited) {
    if (at.protocol === "mqtt") found.push(...(await heldInMqtt(at)));
    if (visit?.there !== true) continue;
    const queues = at.queues.map(({ name }) => name);
    found.push(...(await heldBy(visit.connection, queues)).filter(({ messages }) => messages > 0));
  }
  return found;
}

/** Dead letters, and what the broker keeps for hosts that are away. */
async function heldInMqtt({ broker, queues }: AtBroker): Promise<Held[]> {
  const look = await lookAtQueues(broker, queues);
  if (!look.reached) return [];
  return look.queues
    .filter(({ messages }) => messages > 0)
    .map(({ name, messages, serving }) => ({ queue: name, messages, consumers: serving }));
}

async function mayGo(held: Held[], context: CliContext, json: boolean): Promise<boolean> {
  const listed = held.map(({ queue, messages }) => `${queue} holds ${formatMany(messages, "message")}`).join(", ");
  if (json || !context.stdin.isTTY || !context.stdout.isTTY)
    throw new HotdirError("bad-usage", {
      operation: "clean up",
      detail: `${listed}: changes that nobody has made true yet; nothing was removed. --yes removes them with their queues`,
    });
  using conversation = new Conversation(context);
  conversation.say(`${listed}: changes that nobody has made true yet.`);
  return await conversation.confirm("Remove them with their queues?", false);
}

async function cleanAt(at: AtBroker, visit: Visit | null, withMessages: boolean): Promise<BrokerAnswer> {
  const { address, flows, broker, exchanges, queues } = at;
  if (visit === null) {
    const look = await lookAtQueues(broker, queues);
    if (!look.reached) return { address, flows, reached: false, trouble: look.trouble };
    return { address, flows, reached: true, objects: await removeQueues(broker, queues, { withMessages }) };
  }
  if (!visit.there) return { address, flows, reached: false, trouble: visit.trouble };
  return { address, flows, reached: true, objects: await removeAll(visit.connection, { exchanges, queues }, { withMessages }) };
}
