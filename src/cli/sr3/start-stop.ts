import type { Configuration } from "../../config/parse.ts";
import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import { formatMany } from "../../kernel/readable.ts";
import { refuseForeign } from "../../service/running.ts";
import { lookAround } from "../../service/standing.ts";
import { findRunningSr3 } from "./real-sr3.ts";
import {
  awaitShortOwner,
  endAll,
  endFlows,
  flowsOf,
  isRunning,
  launch,
  queuesFirst,
  takeUp,
  writeWhatRuns,
  writeWhatStops,
} from "./running.ts";
import type { Session, TakenAll } from "./session.ts";
import { readTranslation } from "./translation.ts";

/** Takes what is named as it is now, and runs it. 2: something of it could not be taken, and the rest runs. */
export async function start(session: Session): Promise<number> {
  return await begin(session, "start");
}

export async function restart(session: Session): Promise<number> {
  if (session.words.patterns.length > 0) return await begin(session, "restart");
  const asked = askedFor(session);
  if (isDry(session, "restart", asked)) return 0;
  refuseForeign(lookAround(session.places.state), session.places.state, "restart");
  // Faults are told, and everything is written, before anything ends: what cannot be taken goes on as it was.
  const taken = await session.take(asked, { allow: queuesFirst(session, asked) });
  if (taken.status !== 0) return taken.status;
  if (taken.faulty.length > 0 && taken.faulty.length === asked.length) return 2;
  const stopped = await endAll(session, "restart");
  if (stopped !== "none") session.say(stoppedSentences[stopped]);
  return await runTaken(session, asked, taken, false);
}

async function begin(session: Session, verb: "start" | "restart"): Promise<number> {
  const asked = askedFor(session);
  if (asked.length === 0) return 2;
  if (isDry(session, verb, asked)) return 0;
  warnOfSr3(session, asked);
  await awaitShortOwner(session);
  refuseForeign(lookAround(session.places.state), session.places.state, verb);
  const taken = await session.take(asked, { allow: queuesFirst(session, asked) });
  return taken.status === 0 ? await runTaken(session, asked, taken, verb === "restart") : taken.status;
}

/** What was taken runs: in the daemon that does, or in one that is started. */
async function runTaken(session: Session, asked: readonly ConfigurationName[], taken: TakenAll, again: boolean): Promise<number> {
  const { translation, configuration, faulty } = taken;
  const flows = new Set(flowsOf(translation, asked));
  if (flows.size === 0 && session.words.patterns.length > 0) return 2;
  if (configuration === null) {
    // All configurations are gone, or switched off.
    if (await isRunning(session)) await endAll(session, "stop");
    session.say("starting: ( 0 ) Done");
    return faulty.length > 0 ? 2 : 0;
  }
  const status = (await isRunning(session)) ? await runInDaemon(session, flows, again) : await runAnew(session, configuration, flows);
  return status === 0 && faulty.length > 0 ? 2 : status;
}

async function runInDaemon(session: Session, flows: ReadonlySet<string>, again: boolean): Promise<number> {
  const { started, restarted, ended, failed } = await takeUp(session, flows, again);
  session.say(`starting: ( ${started.length + restarted.length} ) Done`);
  if (ended.length > 0) session.say(`ended, since their configurations are gone or switched off: ${ended.join(", ")}`);
  if (started.length + restarted.length + failed.length === 0) session.say("all of it runs already, as it is configured now");
  for (const line of failed) session.complain(`hotdir: sr3 ${session.words.verb}: ${line}`);
  return failed.length > 0 ? 1 : 0;
}

async function runAnew(session: Session, configuration: Configuration, flows: ReadonlySet<string>): Promise<number> {
  const isWanted = lookAround(session.places.state).wanted?.wanted === true;
  writeWhatRuns(session, configuration, flows, session.words.patterns.length > 0 && !isWanted ? "stop" : "stay");
  const status = await launch(session);
  if (status === 0) session.say(`starting:. ( ${flows.size} ) Done`);
  return status;
}

export async function stop(session: Session): Promise<number> {
  const { patterns } = session.words;
  if (isDry(session, "stop", session.words.options.has("dry_run") ? session.chosen : [])) return 0;
  if (patterns.length > 0 && !(await stopSome(session))) return 0;
  const stopped = await endAll(session, "stop");
  session.say(stoppedSentences[stopped]);
  return 0;
}

/** Whether nothing runs any more: a daemon that runs nothing is nobody's. */
async function stopSome(session: Session): Promise<boolean> {
  const asked = session.chosen;
  const flows = flowsOf(readTranslation(session.places), asked);
  if (await isRunning(session)) {
    const left = await endFlows(session, flows);
    session.say(`Stopping: ${asked.map(formatName).join(", ")} ( ${flows.length} ) Done`);
    return left.length === 0;
  }
  // One that crashed comes again, and does not run these then.
  if (lookAround(session.places.state).wanted?.wanted === true) writeWhatStops(session, flows);
  session.say("no procs running...already stopped");
  return false;
}

const stoppedSentences = {
  none: "no procs running...already stopped",
  ended: "Stopping: work under way ended or was handed back\nAll stopped",
  killed: "Stopping: it did not end in time and was killed; nothing is lost\nAll stopped",
} as const;

/** Without those that are switched off: that is told where they were named. */
function askedFor(session: Session): ConfigurationName[] {
  const { chosen } = session;
  const off = chosen.filter((name) => session.isDisabled(name));
  if (session.words.patterns.length > 0)
    for (const name of off) session.complain(`hotdir: ${formatName(name)} is disabled: 'sr3 enable ${formatName(name)}' first`);
  return chosen.filter((name) => !off.includes(name));
}

function isDry(session: Session, verb: string, names: readonly ConfigurationName[]): boolean {
  if (!session.words.options.has("dry_run")) return false;
  session.say(`${verb} would do it with ${formatMany(names.length, "configuration")}: ${names.map(formatName).join(", ")}`);
  return true;
}

function warnOfSr3(session: Session, names: readonly ConfigurationName[]): void {
  for (const { name, pid } of findRunningSr3(session.places, names))
    session.complain(
      `hotdir: sr3 itself runs ${formatName(name)} as well (process ${pid}): both work then, and a watch tells of each file twice`,
    );
}
