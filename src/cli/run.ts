import type { Command } from "./command.ts";
import { openDaemonLog } from "./running/daemon-log.ts";
import { logLevel, logLevelOption } from "./running/log-level.ts";
import { runFlows } from "./running/run-flows.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";

export const untilIdleOption = { type: "boolean", says: "end when every complete file is delivered, or is a dead letter" } as const;

export const run: Command = {
  name: "run",
  summary: "run flows in the foreground",
  usage: "hotdir run [FLOW...] [--until-idle]",
  description: [
    "Watches the sources and delivers what comes, until it is stopped (Ctrl-C, SIGTERM): what is under way then ends or is handed back, and goes on",
    "at the next start. SIGTERM is how a supervisor ends it, so that is 0 (130 where --until-idle was not reached); Ctrl-C is 130.",
  ].join("\n"),
  options: { "until-idle": untilIdleOption, "log-level": logLevelOption },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir run", does: "all flows of the configuration" },
    { command: "hotdir run to_hpfx --until-idle", does: "deliver what is there, then end: for cron, or after a campaign" },
  ],
  exits: [3, 5],
  async run(args, context) {
    const configuration = readConfiguration(args, context);
    chosenFlows(configuration, args.positionals);
    const directory = stateDirectory(args, context);
    await using opened = openDaemonLog({ configuration, stateDirectory: directory, to: context.stderr, shownLevel: logLevel(args) });
    return await runFlows({
      configuration,
      read: () => readConfiguration(args, context),
      chosen: args.positionals.length === 0 ? null : args.positionals,
      log: opened.log,
      stateDirectory: directory,
      untilIdle: args.values["until-idle"] === true,
      context,
    });
  },
};
