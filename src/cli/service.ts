import { existsSync, mkdirSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readIfThere, writeDurably } from "../kernel/durable-file.ts";
import { HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";
import { lookAround } from "../service/standing.ts";
import { call, lingers, type Scope, systemctl, systemdVersion } from "../service/service-manager.ts";
import { checkName, OURS, unitFile } from "../service/unit-file.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { configurationFile, readConfiguration, stateDirectory } from "./locations.ts";

const UNIT_MODE = 0o644;
const SYSTEM_DIRECTORY = "/etc/systemd/system";

export const service: Command = {
  name: "service",
  summary: "let systemd run it: 'service install', 'service uninstall'",
  usage: "hotdir service install|uninstall [--now] [--print] [--name NAME] [--system [--user USER]]",
  description: [
    "install writes a unit for systemd and enables it: systemd starts hotdir, starts it again after every crash, ends one that hangs, and shows in",
    "'systemctl --user status hotdir' what the flows do. uninstall disables and removes it. Where systemctl cannot be reached the unit is written all",
    "the same, and what is left to do is told (exit status 1). A unit that somebody else wrote is never touched.",
  ].join("\n"),
  options: {
    now: { type: "boolean", says: "start it at once (uninstall: always ends it)" },
    print: { type: "boolean", says: "print the unit, and do nothing" },
    name: { type: "string", value: "NAME", says: "the unit's name (default: hotdir), for one of several" },
    system: { type: "boolean", says: `a unit of the system, in ${SYSTEM_DIRECTORY}, in place of one of your own` },
    user: { type: "string", value: "USER", says: "with --system: who it runs as (default: you, which must not be root unless you say so)" },
  },
  positionals: { min: 1, max: 1 },
  examples: [
    { command: "hotdir service install --now", does: "now, and at each login; it says how to make that at each boot" },
    { command: "hotdir service install --print", does: "look at the unit first" },
    { command: "hotdir service uninstall", does: "end it and remove it; files and the ledger stay" },
  ],
  exits: [5],
  async run(args, context) {
    const unit = describe(args, context);
    switch (args.positionals[0]) {
      case "install":
        return await install(unit, args, context);
      case "uninstall":
        return await uninstall(unit, context);
      default:
        throw new HotdirError("bad-usage", {
          operation: "service",
          detail: `say install or uninstall; ${JSON.stringify(args.positionals[0])} is neither`,
        });
    }
  },
};

type Unit = { name: string; file: string; scope: Scope; user: string | null };

function describe(args: ParsedArguments, context: CliContext): Unit {
  const named = args.values["name"];
  const name = checkName(typeof named === "string" ? named : "hotdir");
  const user = args.values["user"];
  if (args.values["system"] !== true) {
    if (user !== undefined) throw new HotdirError("bad-usage", { operation: "service", detail: "--user goes with --system" });
    const configurations = context.env["XDG_CONFIG_HOME"] || join(context.homeDirectory, ".config");
    return { name, file: join(configurations, "systemd", "user", `${name}.service`), scope: "user", user: null };
  }
  if (user === undefined && userInfo().uid === 0)
    throw new HotdirError("bad-usage", {
      operation: "service",
      detail: "say with --user who it is to run as; --user root where that is meant",
    });
  const who = typeof user === "string" ? user : userInfo().username;
  if (!/^[A-Za-z_][\w.-]{0,63}\$?$/.test(who))
    throw new HotdirError("bad-usage", { operation: "service", detail: `${JSON.stringify(who)} is no user's name` });
  return { name, file: join(SYSTEM_DIRECTORY, `${name}.service`), scope: "system", user: who };
}

async function install(unit: Unit, args: ParsedArguments, context: CliContext): Promise<number> {
  const directory = resolve(stateDirectory(args, context));
  const text = unitFile({
    launcher: fileURLToPath(new URL("../../bin/hotdir", import.meta.url)),
    config: resolve(configurationFile(args, context)),
    stateDirectory: directory,
    user: unit.user,
    version: await systemdVersion(context.env),
  });
  if (args.values["print"] === true) {
    context.stdout.write(text);
    return 0;
  }
  // What systemd would try for ever to start is refused here.
  readConfiguration(args, context);
  refuseOther(unit);
  refuseBackground(directory);
  const isThere = existsSync(unit.file);
  mkdirSync(dirname(unit.file), { recursive: true });
  writeDurably(unit.file, text, UNIT_MODE);
  context.stdout.write(`${isThere ? "Replaced" : "Wrote"} ${unit.file}\n`);
  const now = args.values["now"] === true;
  const steps = [["daemon-reload"], ["enable", `${unit.name}.service`], ...(now ? [["restart", `${unit.name}.service`]] : [])];
  const isDone = await perform(unit, steps, context);
  if (isDone)
    context.stdout.write(
      now
        ? `${unit.name} runs; '${systemctl(unit.scope, ["status", unit.name]).join(" ")}' tells how it stands.\n`
        : `Enabled; '${systemctl(unit.scope, ["start", unit.name]).join(" ")}' starts it now.\n`,
    );
  if (unit.scope === "user") await tellOfBoot(context);
  return isDone ? 0 : 1;
}

async function uninstall(unit: Unit, context: CliContext): Promise<number> {
  if (!existsSync(unit.file)) {
    context.stdout.write(`There is no ${unit.file}; nothing to remove.\n`);
    return 0;
  }
  refuseOther(unit);
  // A unit whose file is gone while systemd still runs it could not even be named any more.
  if (!(await perform(unit, [["disable", "--now", `${unit.name}.service`]], context))) {
    context.stderr.write(`  ${unit.file} stays until then; where no systemd ever ran it, it can be removed by hand.\n`);
    return 1;
  }
  rmSync(unit.file, { force: true });
  context.stdout.write(`Removed ${unit.file}. The configuration, the ledger and all files stay.\n`);
  return (await perform(unit, [["daemon-reload"]], context)) ? 0 : 1;
}

/** Each step, until one cannot be done: then what is left to do is told. */
async function perform(unit: Unit, steps: string[][], context: CliContext): Promise<boolean> {
  for (const [at, step] of steps.entries()) {
    const argv = systemctl(unit.scope, step);
    const called = await call(argv, context.env);
    if (called.ok) continue;
    const left = steps.slice(at).map((one) => `  ${systemctl(unit.scope, one).join(" ")}\n`);
    context.stderr.write(
      `hotdir: service: '${argv.join(" ")}' could not be done: ${called.why}\n  What is left to do, where systemd runs:\n${left.join("")}`,
    );
    return false;
  }
  return true;
}

async function tellOfBoot(context: CliContext): Promise<void> {
  const { username } = userInfo();
  const isOn = await lingers(username, context.env);
  if (isOn === true) context.stdout.write("It also starts at boot, since lingering is on for you.\n");
  else
    context.stdout.write(
      `It starts when you log in and ends when you log out${isOn === null ? ", unless lingering is on for you, which could not be found out" : ""}. So that it starts at boot and goes on:\n  loginctl enable-linger ${username}\n`,
    );
}

function refuseOther({ file }: Unit): void {
  const there = readIfThere(file);
  if (there === null || there.startsWith(OURS.split(";")[0] ?? OURS)) return;
  throw new HotdirError("bad-usage", {
    operation: "service",
    path: bytesOfText(file),
    detail: "it is there already, and was not written by hotdir, so it is left as it is; --name takes another name",
  });
}

/** Two that keep one daemon running would each take the other's for theirs. */
function refuseBackground(directory: string): void {
  const { supervisor, wanted } = lookAround(directory);
  if (supervisor === null && wanted?.wanted !== true) return;
  throw new HotdirError("state-owned", {
    operation: "service install",
    path: bytesOfText(directory),
    detail: `'hotdir start' keeps it running already${supervisor === null ? "" : `, process ${supervisor.pid}`}; 'hotdir stop' first, then this again`,
  });
}
