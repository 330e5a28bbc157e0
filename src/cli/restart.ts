import { resolve } from "node:path";
import { refuseForeign } from "../service/running.ts";
import { lookAround } from "../service/standing.ts";
import type { Command } from "./command.ts";
import { actOnFlows } from "./flow-requests.ts";
import { readConfiguration, stateDirectory } from "./locations.ts";
import { logLevelOption } from "./running/log-level.ts";
import { startAll } from "./start.ts";
import { stopAll, timeoutOption } from "./stop.ts";

export const restart: Command = {
  name: "restart",
  summary: "stop and start, all or single flows, with the configuration as it is now",
  usage: "hotdir restart [FLOW...] [--timeout SECONDS]",
  description: [
    "Without flows: ends the daemon in order and starts it again. With flows: those only, with their configuration as it is now, while the others go",
    "on undisturbed. A faulty configuration is refused before anything is ended, and what runs goes on.",
  ].join("\n"),
  options: { timeout: timeoutOption, "log-level": logLevelOption },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir restart to_hpfx", does: "after a change of its configuration" },
    { command: "hotdir restart", does: "after an upgrade of hotdir" },
  ],
  exits: [5],
  async run(args, context) {
    if (args.positionals.length > 0) return await actOnFlows("restart", args, context);
    const directory = resolve(stateDirectory(args, context));
    const standing = lookAround(directory);
    refuseForeign(standing, directory, "restart");
    // What was started with other files goes on with those, unless others are named now.
    const { wanted } = standing;
    const values = { ...args.values };
    if (wanted?.wanted === true && wanted.config !== null) values["config"] ??= wanted.config;
    if (wanted?.wanted === true && wanted.logLevel !== null) values["log-level"] ??= wanted.logLevel;
    const same = { ...args, values };
    readConfiguration(same, context);
    const status = await stopAll(same, context, "restart");
    return status === 0 ? await startAll(same, context) : status;
  },
};
