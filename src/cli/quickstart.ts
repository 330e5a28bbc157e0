import { filePlaceOf } from "../flow/file-place.ts";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { exampleConfiguration } from "../config/example.ts";
import { renderFaults } from "../config/fault.ts";
import { type Configuration, parseConfiguration } from "../config/parse.ts";
import { describePlace } from "../flow/place-name.ts";
import { connectSftp } from "../flow/send/ssh/connect.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import { type AbsPath, absPath, bytesOfText, fsPath, show, textOf } from "../kernel/path.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { openDaemonLog } from "./running/daemon-log.ts";
import { configurationFile, defaultSsh, readConfiguration, stateDirectory } from "./locations.ts";
import { workingDirectory } from "./named-path.ts";
import { adviceFor } from "./probe/advice.ts";
import { destinationUrl, directoryOption, freeDirectory } from "./quickstart-plan.ts";
import { logLevel, logLevelOption } from "./running/log-level.ts";
import { untilIdleOption } from "./run.ts";
import { runFlows } from "./running/run-flows.ts";

const FLOW = "hotdir";

export const quickstart: Command = {
  name: "quickstart",
  summary: "make a hot directory and a configuration, and start",
  usage: "hotdir quickstart [DEST] [--directory DIR] [--until-idle]",
  description: [
    "Tests the connection, makes a directory and a configuration for it, starts, and tells where to drop a file. DEST is user@host:dir or host:dir",
    "as scp has it, or a directory of this machine (default: ~/hotdir-delivered). Where a configuration is there already it is left as it is, and run.",
    "When the host cannot be reached nothing is written.",
  ].join("\n"),
  options: {
    directory: {
      type: "string",
      short: "d",
      value: "DIR",
      says: "the directory to watch (default: ~/hotdir, or ~/hotdir-2 ... where that holds something)",
    },
    "until-idle": untilIdleOption,
    "log-level": logLevelOption,
  },
  positionals: { min: 0, max: 1 },
  examples: [
    { command: "hotdir quickstart", does: "tries it out on this machine" },
    { command: "hotdir quickstart me@cluster:inbox", does: "uploads what is dropped into ~/hotdir to ~/inbox on the cluster" },
    { command: "hotdir quickstart cluster:/data/in -d ~/results", does: "uploads a directory that you have" },
  ],
  exits: [3, 4, 5],
  async run(args, context) {
    const file = configurationFile(args, context);
    const level = logLevel(args);
    const configuration = existsSync(file) ? goOnWith(file, args, context) : await setUp(file, args, context);
    if (configuration === null) return 4;
    context.stdout.write(invitation(configuration.flows));
    const directory = stateDirectory(args, context);
    await using opened = openDaemonLog({ configuration, stateDirectory: directory, to: context.stderr, shownLevel: level, readable: true });
    const status = await runFlows({
      configuration,
      read: () => readConfiguration(args, context),
      chosen: null,
      log: opened.log,
      stateDirectory: directory,
      untilIdle: args.values["until-idle"] === true,
      context,
    });
    context.stdout.write(
      `\nGo on with 'hotdir run'; 'hotdir status' tells how it stands, 'hotdir receipts' what was proven.\nThe configuration: ${file}\n`,
    );
    return status;
  },
};

/** An existing configuration is never overwritten. */
function goOnWith(file: string, args: ParsedArguments, context: CliContext): Configuration {
  const wanted = args.positionals[0] === undefined ? null : destinationUrl(args.positionals[0], workingDirectory());
  const configuration = readConfiguration(args, context);
  const directory = directoryOption(args, workingDirectory());
  const fits = configuration.flows.some(
    (flow) => (wanted === null || describePlace(flow.destination) === wanted) && (directory === null || flow.source.root === directory),
  );
  if (fits) {
    context.stdout.write(`There is a configuration already, so it is used as it is: ${file}\n`);
    return configuration;
  }
  throw new HotdirError("bad-usage", {
    operation: "quickstart",
    detail: `there is a configuration already, ${file}, and it is left as it is: 'hotdir run' runs it, a new flow is added there by hand ('hotdir check' tries it), and 'hotdir quickstart -c OTHER.yaml --state-dir OTHER ...' makes another one beside it`,
  });
}

/** Tests first, writes then. null: the host cannot be reached, which was said, and nothing was written. */
async function setUp(file: string, args: ParsedArguments, context: CliContext): Promise<Configuration | null> {
  const home = absPath(bytesOfText(context.homeDirectory));
  const cwd = workingDirectory();
  const source = directoryOption(args, cwd) ?? freeDirectory(home, "hotdir");
  const delivered = freeDirectory(home, "hotdir-delivered");
  if (source === null || delivered === null)
    throw new HotdirError("bad-usage", {
      operation: "quickstart",
      detail: "every name for a new directory is taken; --directory and DEST choose others",
    });
  const url = destinationUrl(args.positionals[0] ?? textOf(delivered), cwd);
  const ssh = context.env["HOTDIR_SSH"] === undefined ? {} : { ssh: defaultSsh(context) };
  const text = exampleConfiguration({ flow: FLOW, directory: textOf(source), url, ...(url.startsWith("sftp:") ? ssh : {}) });
  const parsed = parseConfiguration(text, file, {
    env: context.env,
    homeDirectory: context.homeDirectory,
    defaultSsh: defaultSsh(context),
  });
  if (!parsed.ok)
    throw new HotdirError("bad-usage", {
      operation: "quickstart",
      detail: `this makes no good configuration:\n${renderFaults(parsed.faults)}`,
    });
  const { flows } = parsed.configuration;
  for (const flow of flows) if (!(await canConnect(flow, context))) return null;
  for (const flow of flows) makeDirectories(flow);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: "wx" });
  context.stdout.write(`Wrote ${file}\n`);
  return parsed.configuration;
}

async function canConnect({ destination }: FlowSettings, context: CliContext): Promise<boolean> {
  const place = filePlaceOf(destination);
  if (place.kind === "file") return true;
  context.stdout.write(`Connecting to ${place.host} ...\n`);
  try {
    await using files = await connectSftp({ ...place, signal: context.signal, log: silentLog });
    await files.lstat("." as AbsPath);
    return true;
  } catch (error) {
    if (!(error instanceof HotdirError) || context.signal.aborted) throw error;
    context.stderr.write(
      `hotdir: ${error.message}\n  What to try: ${adviceFor(error.code, place, error.message)}\n  Nothing was written.\n`,
    );
    return false;
  }
}

/** The destination of this machine too, so that a newcomer can look into it at once. */
function makeDirectories({ source, destination }: FlowSettings): void {
  mkdirSync(fsPath(source.root), { recursive: true });
  if (destination.place.kind === "file") mkdirSync(fsPath(destination.place.directory), { recursive: true });
}

function invitation(settings: FlowSettings[]): string {
  const lines = settings.map((flow) => {
    const place = filePlaceOf(flow.destination);
    const to =
      place.kind === "file" ? show(place.directory) : `${place.host}:${place.directory === "" ? "~" : show(place.directory as AbsPath)}`;
    return `Drop a file into ${show(flow.source.root)}; it arrives in ${to}.\n`;
  });
  return `\n${lines.join("")}Each file is read back and compared before it counts as delivered. Ctrl-C ends; nothing is lost by that.\n\n`;
}
