import { join } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { LiveStatus } from "../daemon/control-protocol.ts";
import { never } from "../kernel/errors.ts";
import { takeLock } from "../kernel/lock-file.ts";
import { isAlive, type ProcessIdentity, signal as sendSignal } from "../kernel/process-identity.ts";
import { formatAge, formatMany } from "../kernel/readable.ts";
import { repairFlows } from "./flow-repairs.ts";
import { nextRepair, type Repair, seemsHung } from "./repairs.ts";
import { describeEnding, endOrphan, startSupervised, stopSupervised } from "./running.ts";
import { askDaemon, lookAround, type Standing } from "./standing.ts";
import { statusLine } from "./status-line.ts";
import { endStrays, findStrays } from "./strays.ts";
import { TOUCH_MS } from "./supervisor.ts";
import { isWantedDamaged } from "./wanted.ts";

const ASK_MS = 10_000;
const STOP_MS = 30_000;
const KILLED_MS = 5000;
const LOOK_MS = 100;
/** A daemon is there within so long of its start, or soon will be: a large ledger takes its time. */
const SETTLE_MS = 5000;

export type SanityReport = {
  /** A line for each. */
  repaired: string[];
  /** What could not be repaired, or needs a person. */
  problems: string[];
  /** How it stands, in a line. */
  standing: string;
};

/** null: another one is at work, which is as good. `flows`: those only; none: all. */
export async function repairAll(stateDirectory: string, flows: string[], signal: AbortSignal): Promise<SanityReport | null> {
  using lock = takeLock(join(stateDirectory, "sanity.lock"));
  if (lock === null) return null;
  const report: SanityReport = { repaired: [], problems: [], standing: "" };
  const tried = new Set<Repair["do"]>();
  for (;;) {
    signal.throwIfAborted();
    const standing = lookAround(stateDirectory);
    const repair = nextRepair(standing, seemsHung(standing) && (await staysHung(stateDirectory)));
    // Each is tried once: what is not repaired by it is left to the next call, or to a person.
    if (repair === null || tried.has(repair.do)) break;
    tried.add(repair.do);
    await perform(repair, stateDirectory, standing, report, signal);
  }
  await repairStrays(stateDirectory, report);
  await settled(stateDirectory);
  if (isWantedDamaged(stateDirectory))
    report.problems.push(
      "what 'hotdir start' or 'hotdir stop' wrote down (wanted.json) is damaged, so it is not known; say one of them again",
    );
  const live = await describe(stateDirectory, report);
  if (live !== null)
    await repairFlows({ stateDirectory, live, named: flows, keeper: lookAround(stateDirectory).owner?.keeper ?? "person", report });
  else if (flows.length > 0 && report.problems.length === 0) report.problems.push(`no daemon runs here, so ${flows.join(", ")} cannot`);
  return report;
}

async function perform(
  repair: Repair,
  stateDirectory: string,
  standing: Standing,
  report: SanityReport,
  signal: AbortSignal,
): Promise<void> {
  switch (repair.do) {
    case "start":
      return await startAgain(stateDirectory, standing, report, signal);
    case "finish-stop": {
      const { kind } = await stopSupervised(stateDirectory, STOP_MS, "stop");
      if (kind === "still-there") report.problems.push("what was stopped still runs, although it was killed");
      else report.repaired.push("completed a stop that had not come to its end");
      return;
    }
    case "end-supervisor":
      sendSignal(repair.process, "SIGKILL");
      await gone(repair.process, KILLED_MS);
      report.repaired.push(`ended the supervisor, process ${repair.process.pid}, which hung`);
      return;
    case "end-orphan": {
      const inOrder = await endOrphan(standing);
      report.repaired.push(
        `a daemon without a supervisor, process ${repair.process.pid}, ${inOrder === false ? "hung, and was ended" : "ended in order"}`,
      );
      return;
    }
    default:
      never(repair);
  }
}

async function startAgain(stateDirectory: string, { wanted }: Standing, report: SanityReport, signal: AbortSignal): Promise<void> {
  if (wanted === null || wanted.config === null) return;
  const started = await startSupervised(stateDirectory, { ...wanted, config: wanted.config }, signal);
  if (started.kind === "runs") report.repaired.push(`started hotdir, which did not run although it was wanted: process ${started.pid}`);
}

/** It shows life every few seconds: one that does not in a multiple of that hangs. */
async function staysHung(stateDirectory: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 2 * TOUCH_MS; waitedMs += LOOK_MS) {
    if (!seemsHung(lookAround(stateDirectory))) return false;
    await sleepFor(LOOK_MS);
  }
  return true;
}

async function gone(process: ProcessIdentity, boundMs: number): Promise<boolean> {
  for (let waitedMs = 0; isAlive(process); waitedMs += LOOK_MS) {
    if (waitedMs >= boundMs) return false;
    await sleepFor(LOOK_MS);
  }
  return true;
}

async function repairStrays(stateDirectory: string, report: SanityReport): Promise<void> {
  const strays = findStrays(stateDirectory);
  if (strays.length === 0) return;
  const left = new Set((await endStrays(strays)).map(({ process }) => process.pid));
  for (const { process, command } of strays) {
    const what = `${command}, process ${process.pid}, which a daemon that is gone had left behind`;
    if (left.has(process.pid)) report.problems.push(`could not end ${what}`);
    else report.repaired.push(`ended ${what}`);
  }
}

/** Beside a 'start', a 'restart' or a crash it is just being started: nobody is needed for that. */
async function settled(stateDirectory: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < SETTLE_MS && isComing(lookAround(stateDirectory)); waitedMs += LOOK_MS) await sleepFor(LOOK_MS);
}

function isComing({ wanted, supervisor, owner, record }: Standing): boolean {
  if (wanted?.wanted !== true || owner !== null) return false;
  return supervisor === null || record?.state !== "waiting" || Date.parse(record.nextStart ?? "") < Date.now() + SETTLE_MS;
}

/** Sets the line that says how it stands. The running daemon's answer, or null. */
async function describe(stateDirectory: string, report: SanityReport): Promise<LiveStatus | null> {
  const { wanted, supervisor, owner, record } = lookAround(stateDirectory);
  const ending = record?.endings.at(-1);
  if (owner === null && supervisor !== null) {
    const why = ending === undefined ? "" : `: ${describeEnding(ending, Date.now())}`;
    const next =
      record?.nextStart === null || record === null ? "" : `; started again in ${formatAge(Date.parse(record.nextStart) - Date.now())}`;
    report.problems.push(`the daemon does not run${why}${next}`);
    return null;
  }
  if (owner === null) {
    if (wanted?.wanted === true)
      report.problems.push(
        `hotdir does not run and could not be started${ending === undefined ? "" : `: ${describeEnding(ending, Date.now())}`}`,
      );
    else
      report.standing =
        wanted === null ? "nothing runs here and nothing is wanted; 'hotdir start' starts it" : "stopped, as it was asked to be";
    return null;
  }
  const live = await askDaemon(stateDirectory, ASK_MS);
  if (live === null) {
    report.problems.push(
      `the daemon, process ${owner.process.pid}, does not answer within ${formatAge(ASK_MS)}; it is starting, or very busy`,
    );
    return null;
  }
  const how = { supervisor: "in the background", systemd: "under systemd", person: "in the foreground" }[owner.keeper];
  report.standing = `well: hotdir runs ${how}, process ${live.pid}, for ${formatAge(Date.now() - live.sinceMs)}, ${formatMany(live.flows.length, "flow")}: ${statusLine(live.flows)}`;
  return live;
}
