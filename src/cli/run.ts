import { once } from "node:events";
import { Daemon } from "../daemon/daemon.ts";
import { Metrics } from "../daemon/metrics/metrics.ts";
import type { Configuration } from "../config/parse.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { attach } from "../service/attachment.ts";
import { alertsCompanion } from "./alerting.ts";
import { startCompanions } from "./companions.ts";
import { tellOfHours } from "./waiting-for-hours.ts";
import type { CliContext, Command } from "./command.ts";
import { openDaemonLog } from "./daemon-log.ts";
import { awaitHangup } from "./hangup.ts";
import { leftUndone } from "./left-undone.ts";
import { logLevel, logLevelOption } from "./log-level.ts";
import { chosenFlows, readConfiguration, stateDirectory } from "./locations.ts";
import { pageCompanion } from "./page.ts";

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

/** Runs a daemon to its end; the exit status. `started` is called when all flows are at work. */
export async function runFlows(options: {
  configuration: Configuration;
  /** The configuration as it is now, for a reload. */
  read: () => Configuration;
  /** The flows to run; null: all. */
  chosen: string[] | null;
  log: Log;
  stateDirectory: string;
  untilIdle: boolean;
  context: CliContext;
  started?: () => void;
}): Promise<number> {
  const { configuration, read, chosen, log, stateDirectory: directory, untilIdle, context } = options;
  const hangup = awaitHangup(context);
  using attachment = attach(context.env, directory);
  using metrics = new Metrics();
  await using daemon = await Daemon.start({ stateDirectory: directory, configuration, read, chosen, log, observers: [metrics] });
  await using beside = new AsyncDisposableStack();
  const companions = [alertsCompanion(log), ...(untilIdle ? [] : [pageCompanion(log, () => metrics.text(daemon))])];
  beside.use(await startCompanions(companions, daemon, configuration, log));
  beside.use(hangup.begin(() => daemon.reload()));
  options.started?.();
  attachment.begin(daemon, context.signal, log);
  const tell = tellOfHours((line) => void context.stderr.write(line));
  const interrupted = once(context.signal, "abort").then(() => "interrupted" as const);
  const end = context.signal.aborted
    ? "interrupted"
    : await Promise.race([interrupted, daemon.until(() => untilIdle && isIdle(daemon, tell)).then(() => "idle" as const)]);
  if (end === "interrupted") return !untilIdle && wasTerminated(context.signal) ? 0 : 130;
  // Before anything else is done: a source that comes back just now has not been looked at.
  const undone = leftUndone(daemon);
  await daemon.finishDue();
  for (const line of undone) context.stderr.write(`hotdir: ${line}\n`);
  if (undone.length > 0) return 1;
  return daemon.flows.some((flow) => flow.deadLetters > 0) ? 3 : 0;
}

function isIdle({ flows }: Daemon, tell: (flows: Daemon["flows"]) => void): boolean {
  tell(flows);
  return flows.every((flow) => flow.idle);
}

function wasTerminated(signal: AbortSignal): boolean {
  return signal.reason instanceof HotdirError && signal.reason.detail === "SIGTERM";
}
