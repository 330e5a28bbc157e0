import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import { formatMany } from "../../kernel/readable.ts";
import { refuseForeign } from "../../service/running.ts";
import { lookAround } from "../../service/standing.ts";
import { findRunningSr3 } from "./real-sr3.ts";
import { endAll, endFlows, isRunning, launch, makeQueues, takeUp, writeWhatRuns } from "./running.ts";
import type { Session } from "./session.ts";
import { readTranslation, type Translation } from "./translation.ts";

/** Takes what is named as it is now, and runs it. 2: something of it could not be taken, and the rest runs. */
export async function start(session: Session): Promise<number> {
  return await begin(session, "start");
}

export async function restart(session: Session): Promise<number> {
  refuseForeign(lookAround(session.places.state), session.places.state, "restart");
  if (session.words.patterns.length > 0) return await begin(session, "restart");
  // Faults are told, and everything is written, before anything ends: what cannot be taken goes on as it was.
  const asked = askedFor(session);
  const { taken, faulty } = await session.take(asked);
  if (taken.length === 0 && faulty.length > 0) return 2;
  const stopped = await endAll(session, "restart");
  if (stopped !== "none") session.say(stoppedSentences[stopped]);
  return await runTaken(session, asked, faulty, false);
}

async function begin(session: Session, verb: "start" | "restart"): Promise<number> {
  const asked = askedFor(session);
  if (asked.length === 0) return 2;
  if (isDry(session, verb, asked)) return 0;
  warnOfSr3(session, asked);
  refuseForeign(lookAround(session.places.state), session.places.state, verb);
  const { faulty } = await session.take(asked);
  return await runTaken(session, asked, faulty, verb === "restart");
}

/** What was taken runs: in the daemon that does, or in one that is started. */
async function runTaken(
  session: Session,
  asked: readonly ConfigurationName[],
  faulty: readonly ConfigurationName[],
  again: boolean,
): Promise<number> {
  const translation = readTranslation(session.places);
  const flows = new Set(flowsOf(translation, asked));
  const configuration = session.configuration();
  if (flows.size === 0 && session.words.patterns.length > 0) return 2;
  if (configuration === null) {
    // All configurations are gone, or switched off.
    if (await isRunning(session)) await endAll(session, "stop");
    session.say("starting: ( 0 ) Done");
    return faulty.length > 0 ? 2 : 0;
  }
  const made = await makeQueues(session, configuration, flows);
  if (made !== 0) return made;
  if (await isRunning(session)) {
    const { started, restarted, ended } = await takeUp(session, flows, again);
    session.say(`starting: ( ${started.length + restarted.length} ) Done`);
    if (ended.length > 0) session.say(`ended, since their configurations are gone or switched off: ${ended.join(", ")}`);
    if (started.length + restarted.length === 0) session.say("all of it runs already, as it is configured now");
  } else {
    const isWanted = lookAround(session.places.state).wanted?.wanted === true;
    writeWhatRuns(session, configuration, flows, session.words.patterns.length > 0 && !isWanted ? "stop" : "stay");
    const status = await launch(session);
    if (status !== 0) return status;
    session.say(`starting:. ( ${flows.size} ) Done`);
  }
  return faulty.length > 0 ? 2 : 0;
}

export async function stop(session: Session): Promise<number> {
  const { patterns } = session.words;
  const translation = readTranslation(session.places);
  const asked = patterns.length === 0 ? [] : session.chosen;
  if (isDry(session, "stop", patterns.length === 0 ? session.tree.names : asked)) return 0;
  if (patterns.length > 0) {
    const flows = flowsOf(translation, asked);
    if (await isRunning(session)) {
      const left = await endFlows(session, flows);
      session.say(`Stopping: ${asked.map(formatName).join(", ")} ( ${flows.length} ) Done`);
      // A daemon that runs nothing any more is nobody's.
      if (left.length > 0) return 0;
    } else {
      session.say("no procs running...already stopped");
      return 0;
    }
  }
  const stopped = await endAll(session, "stop");
  session.say(stoppedSentences[stopped]);
  return 0;
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

export function flowsOf({ configurations }: Translation, names: readonly ConfigurationName[]): string[] {
  return names.flatMap((name) => configurations[formatName(name)]?.flows ?? []);
}
