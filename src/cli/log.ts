import { HotdirError } from "../kernel/errors.ts";
import { type LogEntry, parseLogLine, readableEntry } from "../kernel/log-line.ts";
import { logDirectory } from "../kernel/log-names.ts";
import { logLevels } from "../kernel/log.ts";
import { show } from "../kernel/path.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { readConfiguration, stateDirectory } from "./locations.ts";
import { LogReader } from "./log-reading/log-reader.ts";
import { pathsNamed, workingDirectory } from "./named-path.ts";
import { Output } from "./output.ts";
import { lookOf, type Look } from "./render/terminal.ts";
import { parseSince } from "./log-reading/since.ts";

const LINES = 100;

export const log: Command = {
  name: "log",
  summary: "the log: what was delivered, what went wrong, and when",
  usage: "hotdir log [FLOW...] [-f] [--file PATH] [--level LEVEL] [--since WHEN] [--lines N] [--json]",
  description: [
    "Shows the log that the daemon keeps in the state directory: a line for each delivered file (what, how large, how long, its digest) and for",
    "everything else that happened. Works with and without a daemon. The log is bounded, so old lines go; the ledger keeps what 'hotdir explain'",
    "and 'hotdir receipts' tell.",
  ].join("\n"),
  options: {
    follow: { type: "boolean", short: "f", says: "go on with what comes, until Ctrl-C" },
    file: { type: "string", value: "PATH", says: "only the lines of this file, named as for 'hotdir explain'" },
    level: { type: "string", value: "LEVEL", says: `only lines of this level and graver: ${logLevels.join(", ")}` },
    since: { type: "string", value: "WHEN", says: "only lines from then on: 2h, 14:30, 2026-11-23, '2026-11-23 14:30'" },
    lines: { type: "string", short: "n", value: "N", says: `only the last so many (default: ${LINES}; with --since or --file all)` },
    json: { type: "boolean", says: "the lines as they are written, one JSON object each" },
  },
  positionals: { min: 0, max: Infinity },
  examples: [
    { command: "hotdir log -f", does: "what happens now" },
    { command: "hotdir log to_hpfx --level warn --since 1d", does: "what went wrong with a flow since yesterday" },
    { command: "hotdir log --file ~/hotdir/a.nc", does: "what was said of a.nc" },
    {
      command: "hotdir log --since 1h --json | jq -r 'select(.digest) | [.bytes, .seconds, .path] | @tsv'",
      does: "sizes and times for a table",
    },
  ],
  exits: [],
  async run(args, context) {
    const sinceMs = since(args, Date.now());
    const wanted = filterOf(args, context, sinceMs);
    const count = lineCount(args);
    const directory = logDirectory(stateDirectory(args, context));
    const output = new Output(context.stdout);
    const render = rendererOf(args, lookOf(context.stdout, context.env));
    await using reader = await LogReader.open(directory);
    let shown = 0;
    const write = async (line: string): Promise<void> => {
      const entry = wanted(line);
      if (entry === null) return;
      shown++;
      await output.write(`${render(line, entry)}\n`);
    };
    if (count !== null) for (const line of await reader.last(count, (one) => wanted(one) !== null)) await write(line);
    else for await (const line of reader.lines(sinceMs ?? 0)) await write(line);
    await output.flush();
    if (args.values["follow"] !== true) {
      if (shown === 0) context.stderr.write(`hotdir: the log in ${directory} has no such line\n`);
      return 0;
    }
    const gap = (): void =>
      void context.stderr.write("hotdir: log: lines were written and rotated away faster than they could be read; some are missing here\n");
    for await (const line of reader.follow(context.signal, gap)) {
      await write(line);
      await output.flush();
    }
    return 0;
  },
};

/** null: all. */
function lineCount(args: ParsedArguments): number | null {
  const given = args.values["lines"];
  if (given === undefined) return args.values["since"] === undefined && args.values["file"] === undefined ? LINES : null;
  if (typeof given === "string" && /^\d{1,9}$/.test(given)) return Number(given);
  throw misused(`--lines takes a number, not ${JSON.stringify(given)}`);
}

function since(args: ParsedArguments, nowMs: number): number | null {
  const given = args.values["since"];
  if (typeof given !== "string") return null;
  const at = parseSince(given, nowMs);
  if (at === null) throw misused(`--since takes a duration (2h) or a time (2026-11-23 14:30), not ${JSON.stringify(given)}`);
  return at;
}

/** The entry of a line that is wanted; null: it is not, or it is none of ours, as when a kill cut it off. */
function filterOf(args: ParsedArguments, context: CliContext, sinceMs: number | null): (line: string) => LogEntry | null {
  const flows = new Set(args.positionals);
  const level = levelOf(args);
  const files = filesOf(args, context);
  const from = sinceMs === null ? "" : new Date(sinceMs).toISOString();
  return (line) => {
    if (files !== null && !files.texts.some((text) => line.includes(text))) return null;
    const entry = parseLogLine(line);
    if (entry === null || entry.time < from) return null;
    if (flows.size > 0 && !flows.has(entry.flow ?? "")) return null;
    if (level > 0 && logLevels.findIndex((known) => known === entry.level) < level) return null;
    return files === null || files.is(entry) ? entry : null;
  };
}

function levelOf(args: ParsedArguments): number {
  const given = args.values["level"];
  const level = logLevels.findIndex((known) => known === given);
  if (given !== undefined && level < 0) throw misused(`there is no level ${JSON.stringify(given)}; known are ${logLevels.join(", ")}`);
  return Math.max(0, level);
}

/** `texts`: what a line of one of them holds, so that most others need not be parsed. */
function filesOf(args: ParsedArguments, context: CliContext): { texts: string[]; is: (entry: LogEntry) => boolean } | null {
  const given = args.values["file"];
  if (typeof given !== "string") return null;
  const meant = pathsNamed(given, readConfiguration(args, context).flows, workingDirectory());
  const keys = new Set(meant.map(({ settings, path }) => `${settings.name}\0${show(path)}`));
  return {
    texts: meant.map(({ path }) => JSON.stringify(show(path))),
    is: (entry) => [entry.path, entry["from"]].some((path) => typeof path === "string" && keys.has(`${entry.flow ?? ""}\0${path}`)),
  };
}

function rendererOf(args: ParsedArguments, { paint }: Look): (line: string, entry: LogEntry) => string {
  if (args.values["json"] === true) return (line) => line;
  return (_line, entry) => {
    const text = readableEntry(entry, "date and time");
    return entry.level === "error" ? paint("red", text) : entry.level === "warn" ? paint("yellow", text) : text;
  };
}

function misused(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "log", detail: `${detail}; 'hotdir log --help' explains` });
}
