import { setTimeout as sleepFor } from "node:timers/promises";
import { connectControl } from "../../daemon/control-client.ts";
import type { LiveStatus, ReloadAnswer } from "../../daemon/control-protocol.ts";
import { flowId, heldOf, registerFlow, setHeld } from "../../flow/ledger/flows.ts";
import { describePlace } from "../../flow/place-name.ts";
import { type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { serviceLog } from "../../service/launch.ts";
import { refuseForeign, type Started, startSupervised, stopSupervised } from "../../service/running.ts";
import { lookAround } from "../../service/standing.ts";
import { keptEnvironment, writeWanted } from "../../service/wanted.ts";
import type { Configuration } from "../../config/parse.ts";
import { ownLedger } from "../engine.ts";
import { indented } from "../start.ts";
import { declareFirst } from "./declare-first.ts";
import type { Allow, Session } from "./session.ts";
import type { Translation } from "./translation.ts";

/** As long as sr3 waits before it kills. */
const STOP_BOUND_MS = 31_000;
const SHORT_OWNER_MS = 5000;
const LOOK_MS = 50;

/** A daemon of ours, in the background or in the foreground, answers on its socket. */
export async function isRunning(session: Session): Promise<boolean> {
  using client = await connectControl(session.places.state);
  return client !== null;
}

/**
 * Without a daemon: which flows the next one runs. With `others` "stay" those that nobody named stay as they were asked for;
 * with "stop" they do not run, as when single configurations are started where nothing runs.
 */
export function writeWhatRuns(session: Session, configuration: Configuration, run: ReadonlySet<string>, others: "stay" | "stop"): void {
  using ledger = ownLedger(session.places.state);
  ledger.db.transaction(() => {
    for (const { name, source, destination } of configuration.flows) {
      const id = registerFlow(ledger.db, { name, root: source.root, destination: describePlace(destination) });
      if (run.has(name)) {
        if (heldOf(ledger.db, id) === "stopped") setHeld(ledger.db, id, null);
      } else if (others === "stop") setHeld(ledger.db, id, "stopped");
    }
  });
}

/** Likewise, which it does not run. */
export function writeWhatStops(session: Session, flows: readonly string[]): void {
  using ledger = ownLedger(session.places.state);
  for (const name of flows) {
    const id = flowId(ledger.db, name);
    if (id !== null) setHeld(ledger.db, id, "stopped");
  }
}

/** Queues before what fills them: what is named is allowed to run once those are there, or were before. Why it is not is told. "all": those of whatever was ever started. */
export function queuesFirst(session: Session, names: readonly ConfigurationName[] | "all"): Allow {
  return async (configuration, translation) => {
    const runs = new Set([...(await liveFlows(session)), ...(names === "all" ? [] : flowsOf(translation, names))]);
    const some = configuration.flows.filter(({ name }) => names === "all" || runs.has(name));
    const { status, declared, told } = await declareFirst(some, translation.declared, session.context.signal);
    for (const line of told) session.complain(line);
    if (status !== 0)
      session.complain(
        `hotdir: sr3 ${session.words.verb}: nothing was done: what is published before its queue is there would be lost; it is tried again when you say it again`,
      );
    return { status, declared };
  };
}

export function flowsOf({ configurations }: Translation, names: readonly ConfigurationName[]): string[] {
  return names.flatMap((name) => configurations[formatName(name)]?.flows ?? []);
}

/** A post without a daemon has the ledger for some moments. */
export async function awaitShortOwner(session: Session): Promise<void> {
  const isForeign = (): boolean => lookAround(session.places.state).owner?.keeper === "person";
  for (let waitedMs = 0; waitedMs < SHORT_OWNER_MS && isForeign(); waitedMs += LOOK_MS)
    await sleepFor(LOOK_MS, undefined, { signal: session.context.signal });
}

/** 0: it runs. What is wanted is written first, so that whatever comes between, 'sanity' completes it. */
export async function launch(session: Session): Promise<number> {
  const { context, places } = session;
  const since = new Date().toISOString();
  const wanted = { wanted: true, config: places.yaml, logLevel: null, environment: keptEnvironment(context.env), since };
  writeWanted(places.state, wanted);
  return tell(await startSupervised(places.state, wanted, context.signal), session);
}

function tell(started: Started, session: Session): number {
  switch (started.kind) {
    case "runs":
      return 0;
    case "ended": {
      const { reason, status, lastWords } = started.ending;
      session.complain(
        `hotdir: sr3 start: the daemon did not come up: ${reason}\n${indented(lastWords)}  It is tried again, ever slower up to once a minute; 'sr3 stop' ends that. Its log: ${serviceLog(session.places.state)}`,
      );
      return status === 2 || status === 5 ? status : 1;
    }
    case "taken-back":
      session.complain("hotdir: sr3 start: 'sr3 stop' was said meanwhile, so it does not run");
      return 1;
    case "silent":
      throw new HotdirError("not-in-time", {
        operation: "sr3 start",
        detail:
          `the daemon does not answer yet; see ${serviceLog(session.places.state)}, and 'sr3 sanity' looks again\n${indented(started.words)}`.trim(),
      });
  }
}

/** `failed`: with the reason. */
export type TakenUp = Pick<ReloadAnswer, "started" | "restarted" | "ended"> & { failed: string[] };

/** The daemon takes what was written, and runs what is named; `again`: also those that are the same are begun anew. One that cannot be does not keep the others from it. */
export async function takeUp(session: Session, flows: ReadonlySet<string>, again: boolean): Promise<TakenUp> {
  using client = await connectControl(session.places.state);
  if (client === null)
    throw new HotdirError("state-failed", { operation: "ask the daemon", detail: "it has just ended; 'sr3 sanity' starts it" });
  const { started, restarted, ended, unchanged } = await client.ask<ReloadAnswer>({ ask: "reload" });
  const answer: TakenUp = { started, restarted, ended, failed: [] };
  const begun = new Set([...started, ...restarted]);
  for (const flow of flows) {
    const runs = unchanged.includes(flow);
    if (begun.has(flow) || (runs && !again)) continue;
    try {
      await client.ask({ ask: runs ? "restart" : "start", flow });
      (runs ? answer.restarted : answer.started).push(flow);
    } catch (error) {
      answer.failed.push(`${flow}: ${messageOf(error)}`);
    }
  }
  return answer;
}

/** The names of the flows that run; none where no daemon does. */
export async function liveFlows(session: Session): Promise<string[]> {
  using client = await connectControl(session.places.state);
  return client === null ? [] : (await client.ask<LiveStatus>({ ask: "status" })).flows.map(({ name }) => name);
}

/** Single flows end, in the daemon that runs. Which of all still run. */
export async function endFlows(session: Session, flows: readonly string[]): Promise<string[]> {
  using client = await connectControl(session.places.state);
  if (client === null) return [];
  const known = await liveFlows(session);
  for (const flow of flows) if (known.includes(flow)) await client.ask({ ask: "stop", flow });
  return known.filter((name) => !flows.includes(name));
}

export async function endAll(session: Session, purpose: "stop" | "restart"): Promise<"ended" | "killed" | "none"> {
  const { state } = session.places;
  const stopped = await stopSupervised(state, STOP_BOUND_MS, purpose);
  switch (stopped.kind) {
    case "not-running":
      refuseForeign(lookAround(state), state, purpose);
      return "none";
    case "stopped":
      return stopped.killed ? "killed" : "ended";
    case "still-there":
      throw new HotdirError("not-in-time", {
        operation: `sr3 ${purpose}`,
        detail: `process ${stopped.pid} is still there after SIGKILL: it waits for a disk or a network file system`,
      });
  }
}
