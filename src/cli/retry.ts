import type { RetryAnswer } from "../daemon/control-protocol.ts";
import type { QueuedLetter } from "../daemon/json/dead-json.ts";
import type { Database } from "../flow/ledger/database.ts";
import { deadLetters, deadLettersAt } from "../flow/ledger/dead-letters.ts";
import { type FlowId, flowId } from "../flow/ledger/flows.ts";
import { messageOfTransfer } from "../flow/ledger/messages.ts";
import { clockSkewMs } from "../flow/ledger/meta.ts";
import { rerunIngests, troubledIngests, troubledIngestsAt } from "../flow/ledger/ingests.ts";
import { revive } from "../flow/ledger/outcomes.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { systemClock } from "../kernel/clock.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { Bytes } from "../kernel/path.ts";
import { formatMany } from "../kernel/readable.ts";
import type { CliContext, Command } from "./command.ts";
import { type Engine, knownFlows, openEngine, ownLedger } from "./engine.ts";
import { chosenFlows, flowOption, readConfiguration, stateDirectory } from "./locations.ts";
import { pathsNamed, workingDirectory } from "./named-path.ts";
import { pathsOfRows } from "./paths-of-rows.ts";
import { queuedDead, reviveQueued } from "./queued-dead.ts";

/** So many ids are well within a request of the control socket. */
const IDS_A_REQUEST = 10_000;

export const retry: Command = {
  name: "retry",
  summary: "send dead letters again, and hand to the ingest command what it failed at",
  usage: "hotdir retry [-f FLOW] [--all | PATH...]",
  description:
    "Puts dead letters back into the queue, with all their attempts before them. PATH is absolute, or relative to the working directory or to a flow's source. Works with and without a running daemon; without one they are sent when it starts. Those of a broker's queue are given back to it, for whichever host takes them; that needs a running daemon. Delivered files that could not be ingested, or whose ingestion was interrupted, are handed to the command of `finish.ingest` again.",
  options: {
    all: { type: "boolean", short: "a", says: "every dead letter, and every file that was not ingested (of the flow, with -f)" },
    flow: flowOption,
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir retry --all", does: "after the cause is gone" },
    { command: "hotdir retry run7/a.nc", does: "one file, as 'hotdir dead' shows it" },
  ],
  exits: [],
  async run(args, context) {
    const all = args.values["all"] === true;
    if (all === args.positionals.length > 0)
      throw new HotdirError("bad-usage", {
        operation: "retry",
        detail: "name paths, or say --all; 'hotdir dead' lists what can be retried",
      });
    const named = args.values["flow"];
    const settings = chosenFlows(readConfiguration(args, context), typeof named === "string" ? [named] : []);
    const directory = stateDirectory(args, context);
    using engine = await openEngine(directory);
    const inQueues = all ? [] : await queuedDead(engine, settings, context);
    const { ids, paths, missed } = all
      ? { ids: allDead(engine.db, settings), paths: null, missed: 0 }
      : namedDead(engine.db, settings, inQueues, args.positionals, context);
    // First those of the queues: what comes back from there takes the place of what is known of it here.
    const { revived: givenBack, unasked } = await reviveQueued(engine, settings, paths, context);
    const here = [...ids].flatMap(([id, flow]) => (unasked.has(flow) ? [] : [id]));
    const { revived, rerun } = here.length === 0 ? { revived: 0, rerun: 0 } : await requeue(engine, directory, here);
    context.stdout.write(report({ revived, rerun, givenBack, runs: engine.client !== null }));
    return missed > 0 || unasked.size > 0 ? 1 : 0;
  },
};

/** Ids of dead letters, and of deliveries that were not ingested, each with its flow. */
type DeadIds = Map<number, string>;

function allDead(db: Database | null, settings: FlowSettings[]): DeadIds {
  const of = (flow: { id: FlowId; name: string }): Array<[number, string]> =>
    db === null ? [] : [...Array.from(deadLetters(db, flow), ({ id }) => id), ...troubledIngests(db, flow.id)].map((id) => [id, flow.name]);
  return new Map(knownFlows(db, settings).flatMap(of));
}

function report({ revived, rerun, givenBack, runs }: { revived: number; rerun: number; givenBack: number; runs: boolean }): string {
  const lines = [
    ...(revived === 0 ? [] : [`Queued again: ${formatMany(revived, "dead letter")}${runs ? "" : "; sent when hotdir runs"}.\n`]),
    ...(rerun === 0 ? [] : [`To be ingested again: ${formatMany(rerun, "file")}${runs ? "" : "; when hotdir runs"}.\n`]),
    ...(givenBack === 0 ? [] : [`Given back to the broker's queue: ${formatMany(givenBack, "message")}.\n`]),
  ];
  return lines.length === 0 ? "Nothing was queued again.\n" : lines.join("");
}

type Named = { ids: DeadIds; paths: Map<string, Bytes[]>; missed: number };

/** `paths`: what their messages name, by flow. A path that is no dead letter is said. */
function namedDead(
  db: Database | null,
  settings: FlowSettings[],
  inQueues: readonly QueuedLetter[],
  texts: string[],
  context: CliContext,
): Named {
  const ids: DeadIds = new Map();
  const paths = new Map<string, Bytes[]>();
  let missed = 0;
  for (const text of texts) {
    const before = ids.size + [...paths.values()].flat().length;
    for (const { settings: flow, path } of pathsNamed(text, settings, workingDirectory(), pathsOfRows(db))) {
      const id = db === null ? null : flowId(db, flow.name);
      const letters = db === null || id === null ? [] : deadLettersAt(db, { id, name: flow.name }, path);
      const messages = db === null ? [] : letters.flatMap((letter) => messageOfTransfer(db, letter.id)?.relPath ?? []);
      for (const letter of letters) ids.set(letter.id, flow.name);
      for (const ingest of db === null || id === null ? [] : troubledIngestsAt(db, id, path)) ids.set(ingest, flow.name);
      const isInQueue = inQueues.some((letter) => letter.flow === flow.name && letter.path === path);
      paths.set(flow.name, [...(paths.get(flow.name) ?? []), ...messages, ...(isInQueue ? [path] : [])]);
    }
    if (ids.size + [...paths.values()].flat().length > before) continue;
    missed++;
    context.stderr.write(`hotdir: ${text} is no dead letter, nor a file that was not ingested; 'hotdir explain' tells what it is\n`);
  }
  return { ids, paths, missed };
}

async function requeue(engine: Engine, directory: string, ids: number[]): Promise<RetryAnswer> {
  if (engine.client === null) {
    using owned = ownLedger(directory);
    const clock = systemClock(clockSkewMs(owned.db));
    return { revived: revive(owned.db, ids, clock.steady()), rerun: rerunIngests(owned.db, ids, clock.wall()) };
  }
  const sum: RetryAnswer = { revived: 0, rerun: 0 };
  for (let from = 0; from < ids.length; from += IDS_A_REQUEST) {
    const { revived, rerun } = await engine.client.ask<RetryAnswer>({ ask: "retry", ids: ids.slice(from, from + IDS_A_REQUEST) });
    sum.revived += revived;
    sum.rerun += rerun;
  }
  return sum;
}
