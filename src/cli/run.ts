import { once } from "node:events";
import { Daemon } from "../daemon/daemon.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import { createLog, type Log, type LogLevel } from "../kernel/log.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";

const levels = ["debug", "info", "warn", "error"] as const satisfies LogLevel[];

export const logLevelOption = { type: "string", value: "LEVEL", says: `${levels.join(", ")} (default: info)` } as const;
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
    const settings = chosenFlows(configuration, args.positionals);
    const configured = configuration.flows;
    const log = createLog({ level: logLevel(args), to: context.stderr });
    return await runFlows({
      settings,
      configured,
      log,
      stateDirectory: stateDirectory(args, context),
      untilIdle: args.values["until-idle"] === true,
      context,
    });
  },
};

export function logLevel(args: ParsedArguments): LogLevel {
  const wanted = args.values["log-level"] ?? "info";
  const level = levels.find((known) => known === wanted);
  if (level === undefined)
    throw new HotdirError("bad-usage", {
      operation: "run",
      detail: `there is no log level ${JSON.stringify(wanted)}; known are ${levels.join(", ")}`,
    });
  return level;
}

/** Runs a daemon to its end; the exit status. `started` is called when all flows are at work. */
export async function runFlows(options: {
  /** Those to run, of all that are configured. */
  settings: FlowSettings[];
  configured: FlowSettings[];
  log: Log;
  stateDirectory: string;
  untilIdle: boolean;
  context: CliContext;
  started?: () => void;
}): Promise<number> {
  const { settings, configured, log, stateDirectory: directory, untilIdle, context } = options;
  await using daemon = await Daemon.start({ stateDirectory: directory, settings, configured, log });
  options.started?.();
  const interrupted = once(context.signal, "abort").then(() => "interrupted" as const);
  const end = context.signal.aborted
    ? "interrupted"
    : await Promise.race([
        interrupted,
        daemon.until(() => untilIdle && daemon.flows.every((flow) => flow.idle)).then(() => "idle" as const),
      ]);
  if (end === "interrupted") return !untilIdle && wasTerminated(context.signal) ? 0 : 130;
  // Before anything else is done: a source that comes back just now has not been looked at.
  const halted = daemon.flows.flatMap(({ settings: { name }, state }) =>
    state.state === "halted" ? [{ name, reason: state.reason }] : [],
  );
  await daemon.finishDue();
  for (const { name, reason } of halted)
    context.stderr.write(
      `hotdir: ${name} is halted: ${reason}; look at its source, then 'hotdir resume ${name}' goes on with it as it is\n`,
    );
  if (halted.length > 0) return 1;
  return daemon.flows.some((flow) => flow.deadLetters > 0) ? 3 : 0;
}

function wasTerminated(signal: AbortSignal): boolean {
  return signal.reason instanceof HotdirError && signal.reason.detail === "SIGTERM";
}
