import { appendFlow } from "../config/append-flow.ts";
import { type Example, exampleConfiguration, exampleFlow } from "../config/example.ts";
import { renderFaults } from "../config/fault.ts";
import { type LoadOptions, parseConfiguration } from "../config/parse.ts";
import type { Parsed } from "../config/parsed.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import { absPath, bytesOfText } from "../kernel/path.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { readConfigurationText, replaceText, writeNew } from "./init/configuration-file.ts";
import { Conversation } from "./init/conversation.ts";
import { askFor } from "./init/questions.ts";
import { hostNames, resolveHosts, sshConfigFile } from "./init/ssh-hosts.ts";
import { isMissing, makeDestination, makeSource, problemsOf, tryOut } from "./init/trial.ts";
import {
  type Base,
  proposedName,
  readBandwidth,
  readDestination,
  readDirectory,
  readFlowName,
  readLanes,
  readRetain,
  type Wishes,
} from "./init/wishes.ts";
import { configurationFile, defaultSsh, readConfiguration, stateDirectory } from "./locations.ts";
import { workingDirectory } from "./named-path.ts";
import { shellText } from "./probe/shell-word.ts";
import { connectControl } from "../daemon/control-client.ts";
import type { LiveStatus } from "../daemon/control-protocol.ts";
import { checkText } from "./render/check-text.ts";
import { lookOf } from "./render/terminal.ts";
import { service } from "./service.ts";

const HOSTS_RESOLVED_MAX = 20;

export const init: Command = {
  name: "init",
  summary: "write a configuration, with questions or flags, after testing that it works",
  usage: "hotdir init [--directory DIR] [--destination DEST] [--add] [--yes]",
  description: [
    "Asks on a terminal for what no flag says: the directory, the host (those of ~/.ssh/config are listed), a name. Tests the login, the destination and",
    "its space, tells what 'delivered' will mean, and only then writes a configuration with comments. Nothing is written while a test fails, unless that",
    "is wanted (--force). An existing configuration is never overwritten; --add puts the flow behind those that it has, and keeps all else to the byte.",
    "Ctrl-C at any question leaves nothing behind.",
  ].join("\n"),
  options: {
    directory: { type: "string", short: "d", value: "DIR", says: "the directory to watch" },
    destination: {
      type: "string",
      value: "DEST",
      says: "host:dir, user@host:dir, an sftp:// or file: address, or a directory of this machine",
    },
    flow: { type: "string", short: "f", value: "NAME", says: "the flow's name (default: to_HOST)" },
    retain: {
      type: "string",
      value: "WHAT",
      says: "delivered files: keep (default), a time after which they are deleted (7d), or a directory to hold them",
    },
    lanes: { type: "string", value: "N", says: "the most SSH connections at a time" },
    bandwidth: { type: "string", value: "RATE", says: "the most that is sent, such as 20MB/s" },
    make: { type: "boolean", says: "make the directory, here and there, where it is missing" },
    add: { type: "boolean", says: "put the flow into the configuration that is there" },
    force: { type: "boolean", says: "write although a test fails" },
    service: { type: "boolean", says: "run it in the background from now on: 'hotdir service install --now'" },
    yes: { type: "boolean", short: "y", says: "ask nothing: flags and defaults are the answers" },
  },
  positionals: { min: 0, max: 0 },
  examples: [
    { command: "hotdir init", does: "asks for everything" },
    { command: "hotdir init -d ~/runs --destination cluster:inbox --yes", does: "for scripts: no question" },
    { command: "hotdir init --add -d ~/logs --destination archive:/data/logs", does: "one more flow in the configuration that is there" },
  ],
  exits: [4],
  async run(args, context) {
    const file = configurationFile(args, context);
    const interactive = context.stdin.isTTY && context.stdout.isTTY && args.values["yes"] !== true;
    using talk = interactive ? new Conversation(context) : null;
    const signal = talk?.signal ?? context.signal;
    const plan = await makePlan(file, args, context, talk);
    if (plan === null) return 0;
    const { settings } = plan;
    const make = isMissing(settings) && (await wanted(talk, args, "make", `${plan.example.directory} is not there. Make it?`, true));
    context.stdout.write(`Testing ...\n`);
    const check = await tryOut(settings, make, signal);
    context.stdout.write(checkText([check], lookOf(context.stdout, context.env)));
    const problems = problemsOf(check);
    if (problems > 0 && !(await wanted(talk, args, "force", "That would not work yet. Write the configuration anyway?", false))) {
      context.stderr.write(
        `hotdir: nothing was written: do what stands after → and run it again${talk === null ? ", or with --force" : ""}\n`,
      );
      return check.unreachable === null ? 1 : 4;
    }
    const missing = check.destination.some((finding) => finding.missing === true);
    const makeThere =
      missing &&
      (await wanted(talk, args, "make", "Make the directory at the destination now? (else it is made with the first file)", false));
    talk?.say(`\n${exampleFlow(plan.example, 2)}`);
    if (talk !== null && !(await talk.confirm(`Write this to ${file}?`, true))) return declined(context);
    signal.throwIfAborted();
    if (make) makeSource(settings);
    if (makeThere) await makeDestination(settings, signal);
    if (plan.before === null) writeNew(file, plan.text);
    else replaceText(file, plan.before, plan.text);
    context.stdout.write(`Wrote ${file}\n`);
    return await goOn(args, context, talk, plan);
  },
};

/** What is to be written, and what it means. `before`: the text that it goes into; null: a new file. */
type Plan = { example: Example; text: string; before: string | null; settings: FlowSettings };

/** null: the person does not want it. */
async function makePlan(file: string, args: ParsedArguments, context: CliContext, talk: Conversation | null): Promise<Plan | null> {
  const before = readConfigurationText(file);
  const taken = before === null ? [] : readConfiguration(args, context).flows.map(({ name }) => name);
  const base: Base = { cwd: workingDirectory(), home: absPath(bytesOfText(context.homeDirectory)) };
  const given = readFlags(args, base, taken);
  if (before !== null && args.values["add"] !== true) {
    if (talk === null) throw existing(file, given);
    if (!(await talk.confirm(`There is a configuration already, ${file}, with ${taken.join(", ")}. Put another flow into it?`, true))) {
      declined(context);
      return null;
    }
  }
  const ssh = defaultSsh(context);
  const hosts = (): ReturnType<typeof resolveHosts> =>
    resolveHosts(hostNames(sshConfigFile(ssh, context.homeDirectory), context.homeDirectory).slice(0, HOSTS_RESOLVED_MAX), ssh);
  const wishes = talk === null ? complete(given, taken) : await askFor(given, talk, { base, taken, hosts });
  const example: Example = { ...wishes, ...(context.env["HOTDIR_SSH"] === undefined || !wishes.url.startsWith("sftp:") ? {} : { ssh }) };
  const options: LoadOptions = { env: context.env, homeDirectory: context.homeDirectory, defaultSsh: ssh };
  const text = before === null ? exampleConfiguration(example) : appended(appendFlow(before, file, example, options), file, example);
  const parsed = parseConfiguration(text, file, options);
  if (!parsed.ok) throw usage(`this makes no good configuration:\n${renderFaults(parsed.faults)}`);
  return { example, text, before, settings: parsed.configuration.flows.find(({ name }) => name === wishes.flow)! };
}

function readFlags(args: ParsedArguments, base: Base, taken: readonly string[]): Partial<Wishes> {
  const read = <T>(name: string, parse: (text: string) => Parsed<T>): T | undefined => {
    const text = args.values[name];
    if (typeof text !== "string") return undefined;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    throw usage(`--${name}: ${parsed.message}${parsed.suggestion === undefined ? "" : `; did you mean ${parsed.suggestion}?`}`);
  };
  const found = {
    directory: read("directory", (text) => readDirectory(text, base)),
    url: read("destination", (text) => readDestination(text, base)),
    flow: read("flow", (text) => readFlowName(text, taken)),
    retain: read("retain", (text) => readRetain(text, base)),
    lanes: read("lanes", readLanes),
    bandwidth: read("bandwidth", readBandwidth),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Without anybody to ask. */
function complete(given: Partial<Wishes>, taken: readonly string[]): Wishes {
  const { directory, url } = given;
  if (directory !== undefined && url !== undefined)
    return { ...given, directory, url, flow: given.flow ?? proposedName(url, taken), retain: given.retain ?? "keep" };
  const missing = [...(directory === undefined ? ["--directory DIR"] : []), ...(url === undefined ? ["--destination DEST"] : [])];
  throw usage(
    `nobody can be asked (no terminal, or --yes), and ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing; 'hotdir init --help' explains`,
  );
}

function existing(file: string, { directory = "DIR", url = "DEST" }: Partial<Wishes>): HotdirError {
  const home = directory.startsWith("~/");
  const command = `hotdir init --add --directory ${home ? "~/" : ""}${shellText(home ? directory.slice(2) : directory)} --destination ${shellText(url)} -c ${shellText(file)}`;
  return usage(`there is a configuration already, ${file}, and it is left as it is; '${command}' puts the flow into it`);
}

function appended(text: Parsed<string>, file: string, example: Example): string {
  if (text.ok) return text.value;
  throw usage(
    `the flow cannot be put into ${file}: ${text.message}; it is left as it is, and this may be put below its flows by hand:\n${exampleFlow(example, 2)}`,
  );
}

function usage(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "init", detail });
}

async function wanted(talk: Conversation | null, args: ParsedArguments, flag: string, question: string, preset: boolean): Promise<boolean> {
  if (args.values[flag] === true) return true;
  return talk === null ? false : await talk.confirm(question, preset);
}

function declined(context: CliContext): 0 {
  context.stdout.write("Nothing was written.\n");
  return 0;
}

/** What a person may want next. */
async function goOn(args: ParsedArguments, context: CliContext, talk: Conversation | null, { example }: Plan): Promise<number> {
  using client = await connectControl(stateDirectory(args, context));
  if (client !== null) {
    const { pid } = await client.ask<LiveStatus>({ ask: "status" });
    context.stdout.write(`A daemon runs: 'kill -HUP ${pid}' brings the new flow into force; the others are not disturbed\n`);
    return 0;
  }
  const background = await wanted(
    talk,
    args,
    "service",
    "Run it in the background from now on, also after a reboot ('hotdir service install --now')?",
    false,
  );
  if (background)
    return await service.run({ values: { ...args.values, service: undefined, now: true }, positionals: ["install"] }, context);
  const named = typeof args.values["config"] === "string" ? ` -c ${shellText(args.values["config"])}` : "";
  context.stdout.write(
    `'hotdir run${named}' starts it; what comes into ${example.directory} is delivered. 'hotdir service install --now${named}' keeps it running\n`,
  );
  return 0;
}
