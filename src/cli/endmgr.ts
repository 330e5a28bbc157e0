import { resolve } from "node:path";
import { nearest } from "../config/nearest.ts";
import { HotdirError } from "../kernel/errors.ts";
import { nameProcess } from "../kernel/process-name.ts";
import type { CliContext, Command } from "./command.ts";

type Run = (file: string, only: "validate" | null, context: CliContext, stateDirectory: string | null) => Promise<number>;

const components: Record<string, () => Promise<Run>> = {
  finder: async () => (await import("./endmgr/finder.ts")).startFinder,
  ingester: async () => (await import("./endmgr/ingester.ts")).startIngester,
  backfill: async () => (await import("./endmgr/backfill.ts")).startBackfill,
};

export const endmgr: Command = {
  name: "endmgr",
  summary: "the DBB endpoint manager's finder, ingester and backfill, on its configurations",
  usage: "hotdir endmgr finder|ingester|backfill start|validate CONFIG",
  description: [
    "Reads a configuration of endmgr as it stands and works on its SQLite tables, which its users' queries go on to read. finder delivers what comes into",
    "the buffer to the storage, compared byte by byte, and gives each file its row; ingester hands files to your command and writes an event for each step",
    "(ingester.plugin: {name: Command, config: {command: [PROGRAM, ...]}}); backfill gives rows to files that are in the storage already. 'endmgr initdb",
    "CONFIG' makes the tables where they are not there. Each runs in the foreground until SIGTERM or Ctrl-C; backfill, and an ingester with daemon: false,",
    "end by themselves.",
  ].join("\n"),
  options: {
    dump: { type: "boolean", says: "taken, and without effect: there is no environment of Python's to be logged" },
    "no-dump": { type: "boolean", says: "taken, and without effect" },
    "state-dir": {
      type: "string",
      value: "DIR",
      says: "of a finder that moves: where its ledger is (default: a directory for this finder, below hotdir's own)",
    },
    config: { type: "string", short: "c", value: "FILE", says: "passed over: CONFIG is the configuration" },
  },
  positionals: { min: 2, max: 3 },
  examples: [
    { command: "hotdir endmgr initdb finder.yaml", does: "make the tables that it names" },
    { command: "hotdir endmgr finder start finder.yaml", does: "move what comes into the storage, and record it" },
    { command: "hotdir endmgr ingester start ingester.yaml", does: "hand recorded files to the command of the configuration" },
  ],
  exits: [5],
  async run({ positionals, values }, context) {
    const [component = "", verb = "", file] = positionals;
    if (component === "initdb" && file === undefined) return await (await import("./endmgr/initdb.ts")).initdb(verb, context);
    const load = Object.hasOwn(components, component) ? components[component] : undefined;
    if (load === undefined)
      throw misused(`there is no component ${JSON.stringify(component)}`, component, [...Object.keys(components), "initdb"]);
    if (verb !== "start" && verb !== "validate") throw misused(`${component} ${JSON.stringify(verb)}`, verb, ["start", "validate"]);
    if (file === undefined) throw misused(`which configuration? 'hotdir endmgr ${component} ${verb} CONFIG'`, "", []);
    const run = await load();
    const own = values["state-dir"];
    if (verb === "start") nameProcess("endmgr", [component, verb, file]);
    return await run(file, verb === "validate" ? "validate" : null, context, typeof own === "string" ? resolve(own) : null);
  },
};

function misused(what: string, word: string, known: string[]): HotdirError {
  const meant = nearest(word, known);
  const there = known.length === 0 ? "" : meant === null ? `: expected ${known.join(", ")}` : `; did you mean ${meant}?`;
  return new HotdirError("bad-usage", { operation: "endmgr", detail: `${what}${there}` });
}
