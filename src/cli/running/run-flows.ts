import { once } from "node:events";
import type { Configuration } from "../../config/parse.ts";
import { Daemon } from "../../daemon/daemon.ts";
import { Metrics } from "../../daemon/metrics/metrics.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { attach } from "../../service/attachment.ts";
import type { CliContext } from "../command.ts";
import { alertsCompanion } from "./alerting.ts";
import { startCompanions } from "./companions.ts";
import { awaitHangup } from "./hangup.ts";
import { leftUndone, leftUnfinished } from "./left-undone.ts";
import { pageCompanion } from "./page.ts";
import { tellOfHours } from "./waiting-for-hours.ts";

/** Runs a daemon to its end; the exit status. */
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
  attachment.begin(daemon, context.signal, log);
  const tell = tellOfHours((line) => void context.stderr.write(line));
  const interrupted = once(context.signal, "abort").then(() => "interrupted" as const);
  const end = context.signal.aborted
    ? "interrupted"
    : await Promise.race([interrupted, daemon.until(() => untilIdle && isIdle(daemon, tell)).then(() => "idle" as const)]);
  if (end === "interrupted") return !untilIdle && wasTerminated(context.signal) ? 0 : 130;
  // Before anything else is done: a source that comes back just now has not been looked at.
  const undone = leftUndone(daemon);
  // A command of the user's may take its time: whoever asks for the end need not wait for it.
  const isFinished = await Promise.race([daemon.finishDue().then(() => true), interrupted.then(() => false)]);
  if (!isFinished) return 130;
  const unfinished = leftUnfinished(daemon, directory);
  for (const line of [...undone, ...unfinished.waiting, ...unfinished.failed]) context.stderr.write(`hotdir: ${line}\n`);
  if (undone.length + unfinished.waiting.length > 0) return 1;
  return unfinished.failed.length > 0 || daemon.flows.some((flow) => flow.deadLetters > 0) ? 3 : 0;
}

function isIdle({ flows }: Daemon, tell: (flows: Daemon["flows"]) => void): boolean {
  tell(flows);
  return flows.every((flow) => flow.idle);
}

/** By SIGTERM, which is how a supervisor ends what runs for ever. */
export function wasTerminated(signal: AbortSignal): boolean {
  return signal.reason instanceof HotdirError && signal.reason.detail === "SIGTERM";
}
