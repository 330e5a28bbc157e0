import { resolve } from "node:path";
import { HotdirError } from "../kernel/errors.ts";
import { formatAge } from "../kernel/readable.ts";
import { redact } from "../kernel/redact.ts";
import { serviceLog } from "../service/launch.ts";
import { refuseForeign, type Started, startSupervised } from "../service/running.ts";
import { askDaemon, lookAround } from "../service/standing.ts";
import { keptEnvironment, writeWanted } from "../service/wanted.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { actOnFlows } from "./flow-requests.ts";
import { configurationFile, readConfiguration, stateDirectory } from "./locations.ts";
import { logLevel, logLevelOption } from "./running/log-level.ts";

const ASK_MS = 5000;

export const start: Command = {
  name: "start",
  summary: "run in the background, and again after every crash; or run flows that were stopped",
  usage: "hotdir start [FLOW...]",
  description: [
    "Starts a supervisor in the background, which runs the daemon and starts it again whenever it ends, and waits until the daemon answers. What runs",
    "already is left as it is. With flows: runs those that 'hotdir stop FLOW' stopped, in the daemon that runs. So that it also runs after a reboot:",
    "'hotdir service install', or a line for cron, '* * * * * hotdir sanity'.",
  ].join("\n"),
  options: { "log-level": logLevelOption },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir start", does: "all flows, in the background" },
    { command: "hotdir start to_hpfx", does: "a flow that was stopped, in the daemon that runs" },
  ],
  exits: [5],
  run: async (args, context) => (args.positionals.length > 0 ? await actOnFlows("start", args, context) : await startAll(args, context)),
};

export async function startAll(args: ParsedArguments, context: CliContext): Promise<number> {
  const directory = resolve(stateDirectory(args, context));
  const config = resolve(configurationFile(args, context));
  const level = args.values["log-level"] === undefined ? null : logLevel(args);
  const standing = lookAround(directory);
  refuseForeign(standing, directory, "start");
  if (standing.supervisor !== null && standing.record?.state === "running" && standing.wanted?.wanted === true) {
    const live = await askDaemon(directory, ASK_MS);
    if (live !== null) {
      context.stdout.write(`hotdir runs already: process ${live.pid}, for ${formatAge(Date.now() - live.sinceMs)}.\n`);
      if (standing.wanted.config !== config)
        context.stdout.write(`It runs with ${standing.wanted.config}; 'hotdir restart -c ${config}' changes that.\n`);
      return 0;
    }
  }
  // A faulty configuration is told here and now, and nothing is started.
  readConfiguration(args, context);
  const wanted = { wanted: true, config, logLevel: level, environment: keptEnvironment(context.env), since: new Date().toISOString() };
  // First what is wanted, then its start: whatever comes between, the next 'sanity' completes it.
  writeWanted(directory, wanted);
  return tell(await startSupervised(directory, wanted, context.signal), directory, context);
}

function tell(started: Started, directory: string, context: CliContext): number {
  switch (started.kind) {
    case "runs":
      context.stdout.write(
        `hotdir runs in the background: process ${started.pid}. 'hotdir status' tells how it stands, 'hotdir stop' ends it.\n`,
      );
      return 0;
    case "ended": {
      const { reason, status, lastWords } = started.ending;
      context.stderr.write(
        `hotdir: start: the daemon did not come up: ${reason}\n${indented(lastWords)}  It is tried again, ever slower up to once a minute; 'hotdir stop' ends that. Its log: ${serviceLog(directory)}\n`,
      );
      return status === 2 || status === 5 ? status : 1;
    }
    case "taken-back":
      context.stderr.write("hotdir: start: 'hotdir stop' was said meanwhile, so it does not run\n");
      return 1;
    case "silent":
      throw new HotdirError("not-in-time", {
        operation: "start",
        detail:
          `the daemon does not answer yet; see ${serviceLog(directory)}, and 'hotdir sanity' looks again\n${indented(started.words)}`.trim(),
      });
  }
}

export function indented(words: string[]): string {
  return words.map((word) => `    ${redact(word)}\n`).join("");
}
