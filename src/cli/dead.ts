import { deadJson, queuedJson } from "../daemon/json/dead-json.ts";
import { deadLetters } from "../flow/ledger/dead-letters.ts";
import type { Command } from "./command.ts";
import { knownFlows, openEngine } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";
import { Output } from "./output.ts";
import { queuedDead } from "./queued-dead.ts";
import { deadText, queuedText } from "./render/dead-lines.ts";
import { lookOf } from "./render/terminal.ts";

export const dead: Command = {
  name: "dead",
  summary: "dead letters: what is not tried again by itself, and why",
  usage: "hotdir dead [FLOW...] [--json]",
  description:
    "Lists the transfers that hotdir does not try again until a person says so, each with its reason, how often it was tried, and when it was given up. 'hotdir retry' sends them again. While a daemon runs, the dead letters in the queues of its brokers are listed too: messages that nobody understands, and those that other hosts gave up.",
  options: { json: { type: "boolean", says: "the facts as one JSON array" } },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir dead", does: "all dead letters with their reasons" },
    { command: "hotdir dead --json | jq -r '.[].code' | sort | uniq -c", does: "what goes wrong how often" },
  ],
  exits: [3],
  async run(args, context) {
    const settings = chosenFlows(readConfiguration(args, context), args.positionals);
    using engine = await openEngine(stateDirectory(args, context));
    const json = args.values["json"] === true;
    const output = new Output(context.stdout);
    const look = lookOf(context.stdout, context.env);
    let count = 0;
    for (const flow of knownFlows(engine.db, settings)) {
      for (const letter of engine.db === null ? [] : deadLetters(engine.db, flow)) {
        await output.write(json ? `${count === 0 ? "[" : ","}\n${JSON.stringify(deadJson(letter))}` : deadText(letter, look));
        count++;
      }
    }
    for (const letter of await queuedDead(engine, settings, context)) {
      await output.write(json ? `${count === 0 ? "[" : ","}\n${JSON.stringify(queuedJson(letter))}` : queuedText(letter, look));
      count++;
    }
    if (json) await output.write(count === 0 ? "[]\n" : "\n]\n");
    else if (count === 0) await output.write("No dead letters.\n");
    await output.flush();
    return count === 0 ? 0 : 3;
  },
};
