import { HotdirError } from "../../kernel/errors.ts";
import { logLevels } from "../../kernel/log.ts";
import { openDaemonLog } from "../running/daemon-log.ts";
import { runFlows } from "../running/run-flows.ts";
import { misused } from "./arguments.ts";
import { flowsOf, isRunning, queuesFirst, writeWhatRuns } from "./running.ts";
import type { Session } from "./session.ts";

/** Runs what is named until Ctrl-C, with the log on the terminal. */
export async function foreground(session: Session): Promise<number> {
  const { words } = session;
  const asked = session.chosen.filter((name) => !session.isDisabled(name));
  if (words.verb === "foreground" && words.patterns.length === 0) throw misused("which configuration? 'sr3 foreground COMPONENT/NAME'");
  await refuseBeside(session);
  const { translation, faulty, status } = await session.take(asked, { allow: queuesFirst(session, asked) });
  if (status !== 0) return status;
  const flows = flowsOf(translation, asked);
  return faulty.length > 0 || flows.length === 0 ? 2 : await runForeground(session, flows);
}

export async function runForeground(session: Session, flows: readonly string[]): Promise<number> {
  const { context, places } = session;
  await refuseBeside(session);
  const configuration = session.configuration();
  if (configuration === null) throw new HotdirError("internal", { operation: "sr3 foreground", detail: "what was taken has no flow" });
  writeWhatRuns(session, configuration, new Set(flows), "stay");
  await using opened = openDaemonLog({ configuration, stateDirectory: places.state, to: context.stderr, shownLevel: levelOf(session) });
  return await runFlows({
    configuration,
    read: () => session.configuration() ?? configuration,
    chosen: [...flows],
    log: opened.log,
    stateDirectory: places.state,
    untilIdle: false,
    context,
  });
}

/** One daemon at a time has the ledger. */
async function refuseBeside(session: Session): Promise<void> {
  if (!(await isRunning(session))) return;
  throw new HotdirError("state-owned", {
    operation: "sr3 foreground",
    detail: "a daemon runs in the background: 'sr3 start' runs it there, and 'sr3 log' shows what it does; 'sr3 stop' ends it",
  });
}

/** Python's word for a warning is another. */
function levelOf({ words }: Session): (typeof logLevels)[number] | null {
  if (words.options.has("debug")) return "debug";
  const given = words.options.get("logLevel");
  if (given === undefined) return null;
  const level = logLevels.find((known) => known === (given === "warning" ? "warn" : given === "critical" ? "error" : given));
  if (level === undefined) throw misused(`there is no log level ${given}; known are ${logLevels.join(", ")}`);
  return level;
}
