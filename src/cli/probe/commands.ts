import { accessSync, constants, existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join as joinText } from "node:path";
import { CommandFiles } from "../../flow/command/command-files.ts";
import { FarShell } from "../../flow/command/far-shell.ts";
import { isLocked, missingTables } from "../../flow/command/journal/tables.ts";
import type { CommandTemplate } from "../../flow/command/template.ts";
import { toolNames } from "../../flow/digest.ts";
import { digestOf, guaranteeOf } from "../../flow/guarantee.ts";
import { algorithmOf } from "../../flow/send/context.ts";
import { spaceShortage } from "../../flow/send/space.ts";
import type { CommandPlace, FlowSettings } from "../../flow/settings.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { silentLog } from "../../kernel/log.ts";
import { type AbsPath, type Bytes, fsPath, show, textOf } from "../../kernel/path.ts";
import { formatBytes } from "../../kernel/readable.ts";
import type { DestinationCheck } from "./destination.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import type { Written } from "./written.ts";

/** Runs the remote command, which looks and makes nothing. The transfer command is not run: it would bring something. */
export async function probeCommands(
  settings: FlowSettings,
  place: CommandPlace,
  written: Written,
  signal: AbortSignal,
): Promise<DestinationCheck> {
  const started = [place.transfer, place.remote].flatMap((template) => startable(template, written));
  if (started.length > 0) return { findings: started, guarantee: guaranteeOf(settings), unreachable: null };
  try {
    const options = { remote: place.remote, stillMs: place.stillMs, algorithm: algorithmOf({ settings }), log: silentLog };
    await using files = new CommandFiles(await FarShell.open(options, signal));
    return {
      findings: [
        good("the remote command answers"),
        ...(await probeDirectories(settings, place, files)),
        ...probeProof(settings, files.shell, written),
        ...(place.journal === null ? [] : [probeJournal(place.journal)]),
      ],
      guarantee: algorithmOf({ settings }) !== null && files.shell.tools.digest === null ? "size only" : guaranteeOf(settings),
      unreachable: null,
    };
  } catch (error) {
    if (signal.aborted || !(error instanceof HotdirError)) throw error;
    const fix = `to see it yourself, run it with a command of yours in place of {command}: ${place.remote.text}`;
    return { findings: [problem(error.message, fix)], guarantee: guaranteeOf(settings), unreachable: error.code };
  }
}

function startable({ words }: CommandTemplate, written: Written): Finding[] {
  const program = words[0]!.map((piece) => (piece.kind === "text" ? piece.text : "")).join("");
  const places = program.includes("/")
    ? [program]
    : (process.env["PATH"] ?? "").split(":").map((directory) => joinText(directory, program));
  if (places.some(isExecutable)) return [];
  return [
    problem(`there is no program ${program} on this machine`, `install it, or ${written("destination.commands", "ANOTHER-COMMAND")}`),
  ];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function probeDirectories(settings: FlowSettings, place: CommandPlace, files: CommandFiles): Promise<Finding[]> {
  const { inflight, keepFree } = settings.destination;
  const root = place.directory as Bytes;
  const staging = inflight.kind === "staging" ? (inflight.directory as Bytes) : root;
  const [there, staged, devices] = await Promise.all([files.stat(root), files.stat(staging), deviceOf(files, [root, staging])]);
  if (there !== null && there.kind !== "directory")
    return [problem(`${show(root)} at the far end is no directory`, "name another, or move it away there")];
  const space = there === null ? null : await files.space(root);
  const shortage = spaceShortage(space, keepFree, false);
  return [
    there === null ? note(`${show(root)} is not there yet: it is made with the first file`) : good(`${show(root)} is there`),
    ...(space === null
      ? []
      : [
          shortage === null
            ? good(`${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} are free`)
            : problem(`no room: ${shortage}`, "free some space there"),
        ]),
    ...(inflight.kind === "staging"
      ? []
      : [
          note(
            `files land in hidden directories in ${show(root)}, since there is no staging directory; nothing has its final name before it is proved`,
          ),
        ]),
    ...(staged !== null && devices[0] !== devices[1]
      ? [
          note(
            `${show(staging)} is on another file system than ${show(root)}: each file is copied once more there, and proved again, before it gets its name`,
          ),
        ]
      : []),
  ];
}

async function deviceOf(files: CommandFiles, paths: Bytes[]): Promise<string[]> {
  return Promise.all(paths.map((path) => files.device(path)));
}

function probeProof(settings: FlowSettings, shell: FarShell, written: Written): Finding[] {
  const algorithm = digestOf(settings);
  if (algorithm === null) return [];
  if (shell.tools.digest !== null) return [good(`files are read back by ${algorithm} at the far end (${shell.tools.digest})`)];
  return [
    note(
      `neither ${toolNames[algorithm]} nor openssl is there: receipts rest on the size alone, and nothing is removed from the source`,
      `install it there, or ask for another digest: ${written("destination.verify", "md5")}`,
    ),
  ];
}

function probeJournal(file: AbsPath): Finding {
  const shown = show(file);
  const fix = "'hotdir hdfmgr initdb CONFIG' makes it, of a configuration of the handoff manager that names it";
  if (!existsSync(fsPath(file))) return problem(`the journal ${shown} is not there: what it is owed waits in the ledger`, fix);
  try {
    using sqlite = new DatabaseSync(textOf(file), { readOnly: true, timeout: 1000 });
    const missing = missingTables(sqlite);
    return missing.length === 0
      ? good(`the journal ${shown} has its tables`)
      : problem(`the journal ${shown} has no table ${missing.join(", ")}`, fix);
  } catch (error) {
    if (isLocked(error)) return note(`the journal ${shown} is locked by another process now: it is waited for`);
    return problem(`the journal ${shown} cannot be read: ${messageOf(error)}`, fix);
  }
}
