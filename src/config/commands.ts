import * as z from "zod";
import { places, readTemplate } from "../flow/command/template.ts";
import type { CommandPlace } from "../flow/settings.ts";
import { assert } from "../kernel/errors.ts";
import { absPath, bytesOfText } from "../kernel/path.ts";
import { duration, textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { nearest } from "./nearest.ts";
import { bad, good, quote } from "./parsed.ts";
import type { RuleFacts, RuleFault } from "./rules.ts";

const BATCH_MAX = 100;

const template = (title: string, example: string) =>
  textField({
    title,
    examples: [example],
    parse: (text) =>
      text.includes("\0")
        ? bad("a command holds no NUL character")
        : text.length > 4096
          ? bad("a command has at most 4096 characters")
          : good(text),
  });

const parameter = textField({
  title: "text or number",
  parse: (text) => (text.includes("\0") ? bad("a parameter holds no NUL character") : good(text)),
});

const schema = z.strictObject({
  transfer: template("command", "scp -Bpq {file} {user}@{host}:{dest}").describe(
    "The command that brings files to a directory of the far side. `{dest}` is that directory; `{file}` is one file, or `{batch}`, standing by itself, is several. Its result is verified like any other.",
  ),
  remote: template("command", 'ssh {user}@{host} "{command}"').describe(
    "The command that runs another one on the far side, `{command}`, which needs a POSIX shell there.",
  ),
  parameters: z
    .record(z.string().regex(/^\w+$/).meta({ title: "a name of letters, digits and _" }), parameter)
    .optional()
    .describe("What `{name}` stands for in both commands. It is filled in before they are taken apart into arguments."),
  batch: z
    .int()
    .min(1)
    .max(BATCH_MAX)
    .prefault(10)
    .describe("The most files of one directory that are prepared, proved and moved together; with `{batch}` in one command."),
  timeout: duration({ minMs: 100 })
    .optional()
    .describe(
      "A command in which nothing is read or written for so long is ended; where that cannot be seen, after so long. Default: none is.",
    ),
  journal: textField({ title: "path", examples: ["~/handoff.db"], parse: checkPath })
    .optional()
    .describe(
      "An SQLite database with the tables of LSST's DBB handoff manager, into which each run of the transfer command is written. Needs `verify: blake2b`.",
    ),
});

export const commands = schema
  .optional()
  .describe(
    "Instead of `url`: the user's own commands bring the files into `directory`. No file name is ever seen by a shell of this machine.",
  );

type CommandsValue = z.output<typeof schema>;

/** A rule has found what could fail. */
export function commandsSettings(value: CommandsValue, directory: string, base: LocalBase): CommandPlace {
  const parameters = new Map(Object.entries(value.parameters ?? {}));
  const of = (role: "transfer" | "remote"): CommandPlace["transfer"] => {
    const read = readTemplate(role, value[role], parameters);
    assert(read.ok, "a rule refuses templates with faults");
    return read.template;
  };
  return {
    kind: "commands",
    directory: absPath(bytesOfText(directory)),
    transfer: of("transfer"),
    remote: of("remote"),
    batchMax: value.batch,
    stillMs: value.timeout ?? null,
    journal: value.journal === undefined ? null : resolvePath(value.journal, base),
  };
}

export const commandRules: Array<(facts: RuleFacts) => RuleFault[]> = [
  othersAreToldWhere,
  templatesAreWhole,
  parametersAreFree,
  directoriesAreNamed,
  journalHasItsDigest,
  filesAreHere,
];

function templatesAreWhole({ flow, written }: RuleFacts): RuleFault[] {
  const value = flow.destination?.commands;
  if (value === undefined || (value.parameters === undefined && written("destination", "commands", "parameters"))) return [];
  const parameters = new Map(Object.entries(value.parameters ?? {}).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  return (["transfer", "remote"] as const).flatMap((role) => {
    const text = value[role];
    const read = text === undefined ? null : readTemplate(role, text, parameters);
    if (read === null || read.ok) return [];
    return read.faults.map(({ message, unknown }): RuleFault => {
      const meant = unknown === undefined ? null : nearest(unknown.name, unknown.known);
      return { path: ["destination", "commands", role], message, ...(meant === null ? {} : { suggestion: `{${meant}}` }) };
    });
  });
}

function parametersAreFree({ flow }: RuleFacts): RuleFault[] {
  return Object.keys(flow.destination?.commands?.parameters ?? {})
    .filter((name) => places.some((place) => place === name))
    .map((name) => ({
      path: ["destination", "commands", "parameters", name],
      about: "key",
      message: `${quote(name)} is no name for a parameter: {${name}} stands for something of its own (reserved: ${places.join(", ")})`,
    }));
}

/** Characters that scp, rsync and the shells behind them all take as they are. */
const PLAIN = /^[A-Za-z0-9/_.,+@%=:-]+$/;

/** Where files land, the tools' own ideas of quoting would differ. Elsewhere paths are quoted, and any will do. */
function directoriesAreNamed({ flow, written }: RuleFacts): RuleFault[] {
  const value = flow.destination;
  const path = ["destination", "directory"];
  if (!written("destination", "commands"))
    return written("destination", "directory")
      ? [{ path, about: "key", message: "directory goes with commands; the directory of a url is in the url" }]
      : [];
  const staging = typeof value?.inflight === "object" ? value.inflight.staging : undefined;
  const faults: RuleFault[] = [];
  const directory = value?.directory;
  if (directory === undefined)
    return written("destination", "directory")
      ? []
      : [{ path: ["destination"], message: "with commands a destination needs its directory at the far end" }];
  const check = (at: string[], text: string, lands: boolean): void => {
    if (!text.startsWith("/"))
      faults.push({
        path: at,
        message: `${quote(text)} is no whole path: at the far end it begins with /`,
        suggestion: `/${text.replace(/^~?\/?/, "")}`,
      });
    else if (lands && !PLAIN.test(text))
      faults.push({
        path: at,
        message: `files land below ${quote(text)}, and tools read its characters differently (some let a shell of the far side see it): use letters, digits and /_.,+@%=:-, here or in inflight: {staging: ...}`,
      });
  };
  check(path, directory, staging === undefined);
  if (staging !== undefined) check(["destination", "inflight", "staging"], staging, true);
  if (staging !== undefined && same(staging, directory))
    faults.push({
      path: ["destination", "inflight", "staging"],
      message: "the staging directory is the destination itself: leave it out, or name another",
    });
  return faults;
}

function same(a: string, b: string): boolean {
  return absPath(bytesOfText(a)) === absPath(bytesOfText(b));
}

function journalHasItsDigest({ flow }: RuleFacts): RuleFault[] {
  const { commands: value, verify } = flow.destination ?? {};
  if (value?.journal === undefined || verify === "blake2b") return [];
  return [
    {
      path: ["destination", "commands", "journal"],
      message: "the journal tells BLAKE2b digests of files: it needs verify: blake2b",
      suggestion: "verify: blake2b",
    },
  ];
}

function filesAreHere({ written }: RuleFacts): RuleFault[] {
  if (!written("destination", "commands") || !written("source", "subscribe")) return [];
  return [
    {
      path: ["source", "subscribe"],
      about: "key",
      message: "commands send files of this machine, and not those that messages tell of: watch a directory",
    },
  ];
}

function othersAreToldWhere({ written }: RuleFacts): RuleFault[] {
  if (!written("destination", "commands") || !written("announce") || written("announce", "base_url")) return [];
  return [{ path: ["announce"], about: "key", message: "where others can fetch what commands brought is not known: write base_url" }];
}
