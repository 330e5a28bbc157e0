import { type StatusFacts, statusFacts } from "../daemon/status-facts.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { lookAround } from "../service/standing.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { openEngine } from "./engine.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";
import { pretty } from "./render/json.ts";
import { statusJson } from "../daemon/json/status-json.ts";
import { statusText } from "./render/status-text.ts";
import { supervisionJson, supervisionText } from "./render/supervision.ts";
import { lookOf } from "./render/terminal.ts";
import { watchStatus } from "./status-watch.ts";

export const status: Command = {
  name: "status",
  summary: "the state of every flow",
  usage: "hotdir status [FLOW...] [--json] [--watch] [--verbose]",
  description: [
    "Tells of every flow whether it runs, what is queued, under way, delivered and dead, how far it is behind (the age of the oldest change",
    "that is not yet true at the destination), how fast it goes, and how far large files are. What was seen is all accounted for:",
    "seen = settling + queued + sending + delivered + superseded + ignored + dead. Works with and without a running daemon.",
  ].join("\n"),
  options: {
    json: { type: "boolean", says: "the facts as JSON (docs/reference/json.md); with --watch one line each second" },
    watch: { type: "boolean", short: "w", says: "go on until Ctrl-C: in place on a terminal, else one line for each change" },
    verbose: { type: "boolean", short: "v", says: "also where from and where to, how it is watched and verified, and all terms" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir status", does: "a table of all flows" },
    { command: "hotdir status --watch", does: "live, with progress bars for large files" },
    { command: "hotdir status --json", does: "for scripts and monitoring" },
  ],
  exits: [],
  async run(args, context) {
    const settings = chosenFlows(readConfiguration(args, context), args.positionals);
    const ask = (): Promise<StatusFacts> => askStatus(args, context, settings);
    if (args.values["watch"] === true)
      return await watchStatus(ask, context, { json: args.values["json"] === true, verbose: args.values["verbose"] === true });
    const facts = await ask();
    const look = lookOf(context.stdout, context.env);
    const standing = lookAround(stateDirectory(args, context));
    const supervision = supervisionText(standing, facts.atMs);
    context.stdout.write(
      args.values["json"] === true
        ? pretty({ ...statusJson(facts), supervisor: supervisionJson(standing) })
        : // Below the line that tells of the daemon.
          statusText(facts, look, args.values["verbose"] === true).replace("\n", () =>
            supervision === null ? "\n" : `\n${supervision}\n`,
          ),
    );
    return 0;
  },
};

async function askStatus(args: ParsedArguments, context: CliContext, settings: FlowSettings[]): Promise<StatusFacts> {
  using engine = await openEngine(stateDirectory(args, context));
  return statusFacts({ settings, db: engine.db, live: engine.live, nowMs: Date.now() });
}
