import { setTimeout as sleepFor } from "node:timers/promises";
import { connectControl } from "../../daemon/control-client.ts";
import type { PostAnswer } from "../../daemon/control-protocol.ts";
import { ledgerTarget, post } from "../../daemon/posting.ts";
import { type Database, openForReading } from "../../flow/ledger/database.ts";
import { flowId } from "../../flow/ledger/flows.ts";
import { clockSkewMs } from "../../flow/ledger/meta.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { systemClock } from "../../kernel/clock.ts";
import { hasCode, HotdirError } from "../../kernel/errors.ts";
import { type AbsPath, absPath, bytesOfText, show } from "../../kernel/path.ts";
import { formatAge, formatMany } from "../../kernel/readable.ts";
import type { CliContext } from "../command.ts";
import { ownLedger } from "../engine.ts";
import { workingDirectory } from "../named-path.ts";
import { openDaemonLog } from "../running/daemon-log.ts";
import { runFlows } from "../running/run-flows.ts";
import { liveFlows, takeUp, writeWhatRuns } from "./running.ts";
import { openTransfers, type Session } from "./session.ts";
import type { GivenFlows } from "./take-given.ts";

/** Who posts waits so long for the broker; what it does not have by then stays in the ledger. */
const PUBLISH_MS = 15_000;
/** Another one that posts, or a daemon that ends, has the ledger for a moment. */
const OWNED_WAIT_MS = 10_000;
const OWNED_LOOK_MS = 50;
/** So many questions are on their way to the daemon at once. */
const WINDOW = 32;

type Send = (path: AbsPath) => Promise<PostAnswer>;
export type Posted = { failed: number; queued: number };

/** Each path by itself, so that each is told of by itself: through the daemon where one runs, else into the ledger, and then published. */
export async function postPaths(session: Session, given: GivenFlows, names: readonly string[]): Promise<number> {
  const { flows } = given;
  const cwd = workingDirectory();
  const paths = names.map((name) => absPath(bytesOfText(name), cwd));
  for (let waitedMs = 0; ; waitedMs += OWNED_LOOK_MS) {
    const through = await postThroughDaemon(session, given, paths);
    if (through !== null) {
      if (through.queued > 0) session.say("the daemon publishes what is queued ('hotdir sr3 status' tells how it stands)");
      return through.failed > 0 ? 1 : 0;
    }
    try {
      const posted = await postIntoLedger(session, flows, paths);
      // Also what was posted when the broker was away.
      const status = openTransfers(session.places.state, flows) > 0 ? await publish(session, flows) : 0;
      return status === 0 && posted.failed > 0 ? 1 : status;
    } catch (error) {
      if (!hasCode(error, "state-owned") || waitedMs >= OWNED_WAIT_MS) throw error;
    }
    await sleepFor(OWNED_LOOK_MS, undefined, { signal: session.context.signal });
  }
}

/** null: no daemon runs, or it has just ended: then all is posted once more, which does nothing twice. */
async function postThroughDaemon(session: Session, { flows, isNew }: GivenFlows, paths: readonly AbsPath[]): Promise<Posted | null> {
  using client = await connectControl(session.places.state);
  if (client === null) return null;
  const live = isNew ? [] : await liveFlows(session);
  if ([...flows].some((flow) => !live.includes(flow))) {
    const { failed } = await takeUp(session, flows, false);
    if (failed.length > 0) throw new HotdirError("bad-usage", { operation: "sr3_post", detail: failed.join("; ") });
  }
  const [flow = ""] = flows;
  return await tellEach(paths, (path) => client.ask<PostAnswer>({ ask: "post", flow, paths: [path] }), session.context);
}

async function postIntoLedger(session: Session, flows: ReadonlySet<string>, paths: readonly AbsPath[]): Promise<Posted> {
  const settings = settingsOf(session, flows);
  using owned = ownLedger(session.places.state);
  const clock = systemClock(clockSkewMs(owned.db));
  const targets = settings.map((one) => ledgerTarget(owned.db, one, clock));
  return await tellEach(paths, (path) => post(owned.db, targets, { flow: settings[0]!.name, paths: [path] }, clock), session.context, 1);
}

async function tellEach(paths: readonly AbsPath[], send: Send, { stdout, stderr }: CliContext, window = WINDOW): Promise<Posted> {
  const sum: Posted = { failed: 0, queued: 0 };
  for (let at = 0; at < paths.length; at += window) {
    const some = paths.slice(at, at + window);
    const answers = await Promise.all(some.map(send));
    for (const [index, answer] of answers.entries()) {
      const path = some[index]!;
      const { text, failed } = describePosted(answer);
      sum.queued += answer.queued + answer.settling + answer.revived;
      if (failed) sum.failed++;
      if (failed) stderr.write(`hotdir: sr3_post: ${show(path)}: ${text}\n`);
      else stdout.write(`${show(path)}: ${text}\n`);
    }
  }
  return sum;
}

/** What became of one path, of a directory of all that is in it. */
export function describePosted(answer: PostAnswer): { text: string; failed: boolean } {
  if (answer.missing.length > 0) return { text: "there is nothing of this name", failed: true };
  if (answer.outside.length > 0)
    return { text: "it is outside of what this configuration posts (its post_baseDir, or the path of its post_baseUrl)", failed: true };
  const parts = [
    answer.queued > 0 ? (answer.queued === 1 ? "queued" : `${formatMany(answer.queued, "change")} queued`) : "",
    answer.settling > 0 ? `${formatMany(answer.settling, "file")} waiting for their writer` : "",
    answer.revived > 0 ? `${formatMany(answer.revived, "dead letter")} queued again` : "",
    answer.known > answer.revived ? "nothing new: published before in this very version, or on its way" : "",
    answer.ignored > 0 ? "left out by accept and reject, or by fileEvents" : "",
  ].filter((part) => part !== "");
  return { text: parts.length === 0 ? "nothing to post" : parts.join(", "), failed: false };
}

/** Without a daemon: the flow runs until the broker has all of it, or for as long as one waits for that. */
async function publish(session: Session, flows: ReadonlySet<string>): Promise<number> {
  const { context, places } = session;
  const configuration = session.configuration();
  if (configuration === null) throw new HotdirError("internal", { operation: "sr3_post", detail: "what was posted has no flow" });
  // Whatever was stopped before: it was asked for just now.
  writeWhatRuns(session, configuration, flows, "stay");
  const bound = AbortSignal.timeout(PUBLISH_MS);
  const startMs = Date.now();
  await using opened = openDaemonLog({
    configuration,
    stateDirectory: places.state,
    to: context.stderr,
    shownLevel: "warn",
    readable: true,
  });
  const status = await runFlows({
    configuration,
    read: () => session.configuration() ?? configuration,
    chosen: [...flows],
    log: opened.log,
    stateDirectory: places.state,
    untilIdle: true,
    context: { ...context, signal: AbortSignal.any([context.signal, bound]) },
  });
  if (status === 0) return tellPublished(session, flows, startMs);
  if (!bound.aborted || context.signal.aborted) return status;
  const left = openTransfers(places.state, flows);
  if (left === 0) return 0;
  context.stderr.write(
    `hotdir: sr3_post: ${formatMany(left, "change")} could not be published within ${formatAge(PUBLISH_MS)} (is the broker in reach, and does anybody listen there? 'sr3 declare' makes the queues); ${left === 1 ? "it waits" : "they wait"} in the ledger, and 'hotdir sr3 start' publishes ${left === 1 ? "it" : "them"}\n`,
  );
  return 4;
}

/** What went to no queue is nowhere. */
function tellPublished(session: Session, flows: ReadonlySet<string>, sinceMs: number): number {
  using db = openForReading(session.places.state);
  const lost = db === null ? 0 : [...flows].reduce((sum, flow) => sum + unrouted(db, flow, sinceMs), 0);
  if (lost === 0) {
    session.say("published: the broker has all of it");
    return 0;
  }
  session.complain(
    `hotdir: sr3_post: ${formatMany(lost, "message")} went to no queue: nobody listens on the exchange, and the broker keeps nothing of it. Whoever is to get it comes first ('sr3 declare'); then touch the files and post them again`,
  );
  return 1;
}

/** By the newest rows, which are those that were just posted. */
function unrouted(db: Database, flow: string, sinceMs: number): number {
  const id = flowId(db, flow);
  if (id === null) return 0;
  return (
    db.get<{ n: number }>(
      "SELECT count(*) AS n FROM transfer WHERE id > (SELECT coalesce(max(id), 0) - 100000 FROM transfer) AND flow = ? AND method = 'published' AND basis = 'none' AND ended_at >= ?",
      id,
      sinceMs,
    )?.n ?? 0
  );
}

function settingsOf(session: Session, flows: ReadonlySet<string>): FlowSettings[] {
  return (session.configuration()?.flows ?? []).filter(({ name }) => flows.has(name));
}
