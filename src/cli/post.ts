import type { ControlClient } from "../daemon/control-client.ts";
import { connectControl } from "../daemon/control-client.ts";
import { POST_PATHS_MAX, type PostAnswer } from "../daemon/control-protocol.ts";
import { ledgerTarget, post as postInto } from "../daemon/posting.ts";
import { clockSkewMs } from "../flow/ledger/meta.ts";
import { describeSource } from "../flow/entrances.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { systemClock } from "../kernel/clock.ts";
import { HotdirError } from "../kernel/errors.ts";
import { type AbsPath, absPath, type Bytes, bytesOf, bytesOfText, show } from "../kernel/path.ts";
import { formatMany } from "../kernel/readable.ts";
import type { CliContext, Command } from "./command.ts";
import { ownLedger } from "./engine.ts";
import { chosenFlows, flowOption, readConfiguration, stateDirectory } from "./locations.ts";
import { workingDirectory } from "./named-path.ts";

/** The longest path that Linux takes; more without a NUL is no list of names. */
const NAME_BYTES_MAX = 64 * 1024;
const COMPLAINTS_MAX = 20;

type Post = (paths: AbsPath[]) => Promise<PostAnswer>;

export const post: Command = {
  name: "post",
  summary: "queue files and trees explicitly",
  usage: "hotdir post [-f FLOW] PATH...",
  description: [
    "Queues files, and trees with all that is in them, without waiting for an event or a scan; they are in the ledger when it ends. A path that is",
    "'-' reads names from standard input, each followed by a NUL byte (as 'find -print0' writes them). What is delivered already in this very version",
    "is not sent again; a dead letter that is named is tried again. Works with and without a running daemon.",
  ].join("\n"),
  options: { flow: { ...flowOption, says: "into this flow (default: the one with the deepest source around the path)" } },
  positionals: { min: 1, max: Infinity },
  examples: [
    { command: "hotdir post ~/to_hpfx/run7", does: "a whole tree" },
    { command: "find /data -newer mark -type f -print0 | hotdir post -f archive -", does: "any names, also those that no shell can write" },
  ],
  exits: [5],
  async run(args, context) {
    const named = args.values["flow"];
    const flow = typeof named === "string" ? named : null;
    const settings = chosenFlows(readConfiguration(args, context), flow === null ? [] : [flow]);
    using way = await openWay(stateDirectory(args, context), settings, flow);
    const sum = await postAll(way.post, args.positionals, context);
    context.stdout.write(`${describe(sum, way.running)}\n`);
    complain(sum, settings, context);
    return sum.missing.length + sum.outside.length > 0 ? 1 : 0;
  },
};

/** Through the running daemon, else straight into the ledger. */
async function openWay(
  directory: string,
  settings: FlowSettings[],
  flow: string | null,
): Promise<Disposable & { post: Post; running: boolean }> {
  const client: ControlClient | null = await connectControl(directory);
  if (client !== null) {
    return {
      running: true,
      post: (paths) => client.ask<PostAnswer>({ ask: "post", flow, paths }),
      [Symbol.dispose]: () => client[Symbol.dispose](),
    };
  }
  const owned = ownLedger(directory);
  const clock = systemClock(clockSkewMs(owned.db));
  const targets = settings.map((one) => ledgerTarget(owned.db, one, clock));
  return {
    running: false,
    post: (paths) => postInto(owned.db, targets, { flow, paths }, clock),
    [Symbol.dispose]: () => owned[Symbol.dispose](),
  };
}

async function postAll(send: Post, positionals: string[], context: CliContext): Promise<PostAnswer> {
  const sum: PostAnswer = { queued: 0, settling: 0, known: 0, ignored: 0, revived: 0, missing: [], outside: [] };
  const cwd = workingDirectory();
  let batch: AbsPath[] = [];
  const flush = async (): Promise<void> => {
    const answer = await send(batch);
    batch = [];
    for (const key of ["queued", "settling", "known", "ignored", "revived"] as const) sum[key] += answer[key];
    sum.missing.push(...answer.missing);
    sum.outside.push(...answer.outside);
  };
  for await (const name of namesOf(positionals, context)) {
    context.signal.throwIfAborted();
    batch.push(absPath(name, cwd));
    if (batch.length === POST_PATHS_MAX) await flush();
  }
  if (batch.length > 0) await flush();
  return sum;
}

async function* namesOf(positionals: string[], context: CliContext): AsyncGenerator<Bytes> {
  for (const positional of positionals) {
    if (positional === "-") yield* namesFrom(context.stdin);
    else yield bytesOfText(positional);
  }
}

/** Names that are followed by NUL; the last one may go without. */
async function* namesFrom(stream: AsyncIterable<Buffer | string>): AsyncGenerator<Bytes> {
  let rest = "";
  for await (const chunk of stream) {
    const names = (rest + (typeof chunk === "string" ? bytesOfText(chunk) : bytesOf(chunk))).split("\0");
    rest = names.pop()!;
    if (rest.length > NAME_BYTES_MAX)
      throw new HotdirError("bad-usage", {
        operation: "read names from standard input",
        detail: "each is followed by a NUL byte: find -print0 writes them so",
      });
    for (const name of names) if (name !== "") yield name as Bytes;
  }
  if (rest !== "") yield rest as Bytes;
}

function describe(sum: PostAnswer, running: boolean): string {
  const parts = [
    sum.queued > 0 ? `${formatMany(sum.queued, "change")} queued` : "",
    sum.settling > 0 ? `${formatMany(sum.settling, "file")} waiting for their writer` : "",
    sum.revived > 0 ? `${formatMany(sum.revived, "dead letter")} queued again` : "",
    sum.known > sum.revived
      ? `nothing new about ${formatMany(sum.known - sum.revived, "path")} (delivered in this version, or on the way)`
      : "",
    sum.ignored > 0 ? `${formatMany(sum.ignored, "path")} ignored by the flow's rules` : "",
  ].filter((part) => part !== "");
  const when = running || sum.queued + sum.revived === 0 ? "" : "; sent when hotdir runs";
  return `${parts.length === 0 ? "nothing was queued" : parts.join(", ")}${when}`;
}

function complain(sum: PostAnswer, settings: FlowSettings[], context: CliContext): void {
  const say = (paths: string[], why: string): void => {
    for (const path of paths.slice(0, COMPLAINTS_MAX)) context.stderr.write(`hotdir: ${show(path as AbsPath)}: ${why}\n`);
    if (paths.length > COMPLAINTS_MAX)
      context.stderr.write(`hotdir: ... and ${formatMany(paths.length - COMPLAINTS_MAX, "more path")}: ${why}\n`);
  };
  say(sum.missing, "there is nothing of this name");
  const sources = settings.map((flow) => `${flow.name}: ${describeSource(flow)}`).join(", ");
  say(sum.outside, `it is in no flow's source (${sources}); a flow with 'source: {posts: true}' takes any path`);
}
