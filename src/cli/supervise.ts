import { resolve } from "node:path";
import { createLog } from "../kernel/log.ts";
import { z } from "zod";
import { Supervisor } from "../service/supervisor.ts";
import type { Command } from "./command.ts";
import { configurationFile, stateDirectory } from "./directories.ts";
import { logLevel, logLevelOption } from "./running/log-level.ts";

/** For tests: nobody wants to wait half a minute for each. */
const silence = z.coerce.number().int().min(2).max(3600).catch(30);

/**
 * A command and not an option of `run`: it runs no flow, takes none, and ends with other statuses. One
 * that types it by hand gets what `start` makes, in the foreground.
 */
export const supervise: Command = {
  name: "supervise",
  summary: "(internal) what 'start' leaves behind: keeps the daemon running",
  usage: "hotdir supervise",
  description: [
    "Runs the daemon as its child and starts it again when it ends, at once the first time, then ever slower up to a minute. A daemon whose main loop",
    "is silent for 30 s is ended and started again. SIGTERM ends both in order, SIGHUP makes the daemon read its configuration again. 'hotdir start'",
    "starts it in the background; it runs only while 'hotdir start' was said last, and not 'hotdir stop'.",
  ].join("\n"),
  options: { "log-level": logLevelOption },
  positionals: { min: 0, max: 0 },
  examples: [{ command: "hotdir supervise", does: "what 'hotdir start' runs in the background" }],
  exits: [5],
  async run(args, context) {
    const level = logLevel(args);
    const log = createLog({ level: "info", to: context.stderr });
    const supervisor = new Supervisor({
      launch: {
        // The daemon is started in the state directory, where a relative name would mean another place.
        stateDirectory: resolve(stateDirectory(args, context)),
        config: resolve(configurationFile(args, context)),
        logLevel: args.values["log-level"] === undefined ? null : level,
        environment: { ...process.env },
      },
      log,
      signal: context.signal,
      silenceLooks: silence.parse(context.env["HOTDIR_HEARTBEAT_SILENCE_S"]),
    });
    process.on("SIGHUP", () => supervisor.hangUp());
    if (await supervisor.run()) return 0;
    log.info("nothing to do: another supervisor is at work here, or no daemon is wanted");
    return 5;
  },
};
