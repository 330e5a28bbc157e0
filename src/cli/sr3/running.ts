import { connectControl } from "../../daemon/control-client.ts";
import type { LiveStatus, ReloadAnswer } from "../../daemon/control-protocol.ts";
import { heldOf, registerFlow, setHeld } from "../../flow/ledger/flows.ts";
import { describePlace } from "../../flow/place-name.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { serviceLog } from "../../service/launch.ts";
import { refuseForeign, type Started, startSupervised, stopSupervised } from "../../service/running.ts";
import { lookAround } from "../../service/standing.ts";
import { keptEnvironment, writeWanted } from "../../service/wanted.ts";
import type { Configuration } from "../../config/parse.ts";
import { ownLedger } from "../engine.ts";
import { indented } from "../start.ts";
import { declareFirst } from "./declare-first.ts";
import type { Session } from "./session.ts";
import { readTranslation } from "./translation.ts";

/** As long as sr3 waits before it kills. */
export const STOP_BOUND_MS = 31_000;

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

/** Queues before what fills them. Not 0: nothing is to be started, and why is told. */
export async function makeQueues(session: Session, configuration: Configuration, flows: ReadonlySet<string>): Promise<number> {
  const live = new Set([...(await liveFlows(session)), ...flows]);
  const { declared: known } = readTranslation(session.places);
  const some = configuration.flows.filter(({ name }) => live.has(name));
  const { status, declared, told } = await declareFirst(some, known, session.context.signal);
  if (declared.length > 0) await session.noteDeclared(declared);
  for (const line of told) session.complain(line);
  if (status !== 0)
    session.complain(
      `hotdir: sr3 ${session.words.verb}: nothing was started: what is published before its queue is there would be lost; it is tried again when you say it again`,
    );
  return status;
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

/** The daemon takes what was written, and runs what is named; `again`: also those that are the same are begun anew. Which were begun. */
export async function takeUp(session: Session, flows: ReadonlySet<string>, again: boolean): Promise<ReloadAnswer> {
  using client = await connectControl(session.places.state);
  if (client === null)
    throw new HotdirError("state-failed", { operation: "ask the daemon", detail: "it has just ended; 'sr3 sanity' starts it" });
  const answer = await client.ask<ReloadAnswer>({ ask: "reload" });
  const begun = new Set([...answer.started, ...answer.restarted]);
  for (const flow of flows) {
    if (begun.has(flow)) continue;
    const runs = answer.unchanged.includes(flow);
    if (runs && !again) continue;
    await client.ask({ ask: runs ? "restart" : "start", flow });
    (runs ? answer.restarted : answer.started).push(flow);
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
