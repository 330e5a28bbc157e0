import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { type ImportedHandoff, importHandoff } from "../importers/dbb/handoff/import-handoff.ts";
import { formatRemark } from "../importers/remark.ts";
import { errnoOf, HotdirError } from "../kernel/errors.ts";
import { nameProcess } from "../kernel/process-name.ts";
import { nearest } from "../config/nearest.ts";
import type { CliContext, Command, ParsedArguments } from "./command.ts";
import { changeTables, needTables } from "./foreign/journal-tables.ts";
import { runDocument } from "./foreign/run-document.ts";
import { foreignState } from "./foreign/state-place.ts";
import { nativeLevels, pythonLog } from "./python-log/python-log.ts";

const verbs = ["initdb", "dropdb", "validate", "run"] as const;
type Verb = (typeof verbs)[number];

export const hdfmgr: Command = {
  name: "hdfmgr",
  summary: "the DBB handoff buffer manager (hdfmgr), with its own configuration",
  usage: "hotdir hdfmgr initdb|dropdb|validate|run CONFIG",
  description: [
    "Takes a configuration of LSST's DBB handoff manager as it stands. run moves each file of the buffer to the endpoint by its commands, proves it there,",
    "moves it into the holding area, and writes files and attempts into its database, until SIGTERM. initdb makes the tables of the database, dropdb removes",
    "them, validate tells what is wrong with a configuration. 'hotdir import dbb CONFIG' prints what it comes to.",
  ].join("\n"),
  options: {
    validate: { type: "boolean", says: "only validate the configuration, whatever else is asked for (as the original has it)" },
    "no-validate": { type: "boolean", says: "the default" },
    "until-idle": { type: "boolean", says: "run: end when every complete file is delivered" },
    "state-dir": {
      type: "string",
      value: "DIR",
      says: "run: where the ledger is (default: a directory for this database, below hotdir's own)",
    },
    config: { type: "string", short: "c", value: "FILE", says: "passed over: CONFIG is the configuration" },
  },
  positionals: { min: 2, max: 2 },
  examples: [
    { command: "hotdir hdfmgr initdb config.yaml", does: "make the database, once" },
    { command: "hotdir hdfmgr run config.yaml", does: "in the foreground, until SIGTERM" },
  ],
  exits: [3, 5],
  async run(args, context) {
    const [verb = "", file = ""] = args.positionals;
    if (!isVerb(verb)) {
      const meant = nearest(verb, verbs);
      throw usage(`${JSON.stringify(verb)} is none of ${verbs.join(", ")}${meant === null ? "" : `; did you mean ${meant}?`}`);
    }
    const imported = importHandoff(read(file), file, { workingDirectory: process.cwd(), isRun: true });
    const { yaml, configuration, remarks } = imported;
    for (const remark of remarks.filter(({ kind }) => kind === "error")) context.stderr.write(`hotdir hdfmgr: ${formatRemark(remark)}\n`);
    if (yaml === null || configuration === null) return 2;
    if (verb === "validate" || args.values["validate"] === true) return validated(imported, file, context);
    const database = configuration.database!.value;
    if (verb !== "run") {
      changeTables(database, verb);
      context.stdout.write(`${database}: ${verb === "initdb" ? "the tables are there" : "the tables are removed"}\n`);
      return 0;
    }
    needTables(database, `hotdir hdfmgr initdb ${file}`);
    return await runHandoff(args, { yaml, configuration, file }, context);
  },
};

async function runHandoff(
  args: ParsedArguments,
  { yaml, configuration, file }: { yaml: string; configuration: NonNullable<ImportedHandoff["configuration"]>; file: string },
  context: CliContext,
): Promise<number> {
  const { logging, database } = configuration;
  const own = args.values["state-dir"];
  const key = database!.value;
  const stateDirectory =
    typeof own === "string" ? resolve(own) : foreignState("hdfmgr", { label: basename(key).replace(/\.\w+$/, ""), key }, context);
  // Its users end it by kill -15 `pidof hdfmgr`.
  nameProcess("hdfmgr", ["run", file]);
  const stderr = pythonLog(logging, "hotdir.hdfmgr", context.stderr);
  return await runDocument(
    {
      operation: `hdfmgr ${file}`,
      // Who runs this wants no page, and several may run on one machine.
      yaml: `${yaml}page: off\nlog: {level: ${nativeLevels[logging.level]}}\n`,
      stateDirectory,
      untilIdle: args.values["until-idle"] === true,
      shownLevel: nativeLevels[logging.level],
    },
    { ...context, stderr },
  );
}

function validated({ remarks }: ImportedHandoff, file: string, context: CliContext): number {
  context.stdout.write(`${file} is a good configuration of the handoff manager\n`);
  for (const remark of remarks) context.stdout.write(`- ${formatRemark(remark)}\n`);
  return 0;
}

function isVerb(word: string): word is Verb {
  return verbs.some((verb) => verb === word);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usage(`${file} cannot be read: ${errnoOf(error) ?? "failed"}`);
  }
}

function usage(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "hdfmgr", detail });
}
