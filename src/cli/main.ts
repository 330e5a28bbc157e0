import { homedir } from "node:os";
import { parseArgs } from "node:util";
import { type ErrorCode } from "../kernel/error-codes.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import { redact } from "../kernel/redact.ts";
import { type CliContext, type Command, commonOptions } from "./command.ts";
import { loadCommand, loadCommands } from "./commands.ts";
import { commandHelp, overview } from "./help.ts";

/** Who reads what was written may be slow, but not for ever. */
const FLUSH_BOUND_MS = 5000;

/** The one place that turns errors into a message and an exit status. */
async function main(argv: string[], context: CliContext): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help")
    return say(context, overview(await loadCommands()), name === undefined ? 2 : 0);
  const command = await loadCommand(name);
  if (command === null) return complain(context, `there is no command ${JSON.stringify(name)}; 'hotdir --help' lists them`, 2);
  try {
    const args = parse(command, rest);
    if (args.values["help"] === true) return say(context, commandHelp(command), 0);
    return await command.run(args, context);
  } catch (error) {
    return complain(context, messageOf(error), statusOf(error, context));
  }
}

function parse(
  command: Command,
  argv: string[],
): ReturnType<typeof parseArgs> & { values: Record<string, string | boolean | string[] | undefined> } {
  const { ownArguments } = command;
  if (ownArguments === true || ownArguments?.(argv) === true)
    return { values: { help: argv.some((word) => word === "--help" || word === "-h") }, positionals: argv };
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: { ...commonOptions, ...command.options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(command, messageOf(error), error);
  }
  const { min, max } = command.positionals;
  if (parsed.values["help"] !== true && (parsed.positionals.length < min || parsed.positionals.length > max))
    throw usageError(command, `usage: ${command.usage}`);
  return parsed;
}

function usageError(command: Command, detail: string, cause?: unknown): HotdirError {
  return new HotdirError("bad-usage", { operation: command.name, detail: `${detail}; 'hotdir ${command.name} --help' explains`, cause });
}

const statuses: Partial<Record<ErrorCode, number>> = { "bad-configuration": 2, "bad-usage": 2, "state-owned": 5, interrupted: 130 };

function statusOf(error: unknown, context: CliContext): number {
  if (context.signal.aborted) return 130;
  if (!(error instanceof HotdirError)) return 1;
  return statuses[error.code] ?? (error.scope === "destination" || error.scope === "connection" ? 4 : 1);
}

function say(context: CliContext, text: string, status: number): number {
  (status === 0 ? context.stdout : context.stderr).write(`${text}\n`);
  return status;
}

function complain(context: CliContext, message: string, status: number): number {
  context.stderr.write(`hotdir: ${redact(message)}\n`);
  return status;
}

/** Resolves when all that was written has left the process, or cannot within a bound. */
async function flushed(streams: NodeJS.WriteStream[]): Promise<void> {
  const written = streams.map((stream) => new Promise<void>((resolve) => void stream.write("", () => resolve())));
  await Promise.race([Promise.all(written), new Promise((resolve) => setTimeout(resolve, FLUSH_BOUND_MS))]);
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for an orderly end; the ledger needs none.
    if (stop.signal.aborted && signal === "SIGINT") process.exit(130);
    stop.abort(new HotdirError("interrupted", { operation: "run", detail: signal }));
  });
}
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
// Who reads the log may go ('hotdir run 2>&1 | head'); files are delivered whether or not anybody reads of it.
process.stderr.on("error", () => undefined);

const { env, stdin, stdout, stderr } = process;
const status = await main(process.argv.slice(2), {
  env,
  homeDirectory: env["HOME"] || homedir(),
  stdin,
  stdout,
  stderr,
  signal: stop.signal,
});
await flushed([stdout, stderr]);
// Whatever is left over, a timer or a child that hangs, must not keep a process that holds the owner's lock.
process.exit(status);
