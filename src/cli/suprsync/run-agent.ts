import { realpathSync } from "node:fs";
import { scalar } from "../../importers/native-document.ts";
import { formatRemark } from "../../importers/remark.ts";
import { assert, HotdirError } from "../../kernel/errors.ts";
import type { LogLevel } from "../../kernel/log.ts";
import { SuprsyncDatabase } from "../../suprsync/database.ts";
import type { CliContext } from "../command.ts";
import { wasTerminated } from "../running/run-flows.ts";
import { runDocument } from "../foreign/run-document.ts";
import { foreignState } from "../foreign/state-place.ts";
import { givenAgents, refuseAgents } from "./given-agents.ts";

/** What `suprsync` takes beside the agent's arguments, for hotdir alone. */
export const runOptions = {
  "state-dir": {
    type: "string",
    value: "DIR",
    says: "where the ledger is (default: a directory for this database and archive, below hotdir's own)",
  },
  page: {
    type: "string",
    value: "ADDRESS:PORT",
    says: "a web page, and /metrics, at this address (default: none, since agents share a machine)",
  },
  "until-idle": { type: "boolean", says: "end when every row is done, or given up" },
} as const;

/** Runs the agent in the foreground to its end; the exit status. Its database is made where it is missing. */
export async function runAgent(argv: readonly string[], context: CliContext): Promise<number> {
  const { words, stateDirectory, page, untilIdle } = takeOwn(argv);
  const imported = givenAgents(words, { command: "suprsync", isMany: false }, context);
  if (imported.yaml === null) return refuseAgents(imported, "suprsync", context);
  const [agent] = imported.agents;
  assert(agent !== undefined, "a document has an agent");
  const { archive, database } = agent;
  if (!(await madeDatabase(database, context))) return wasTerminated(context.signal) ? 0 : 130;
  return await runDocument(
    {
      operation: "suprsync",
      yaml: `${imported.yaml}page: ${page === "off" ? page : `{listen: ${scalar(page, true)}}`}\n`,
      // Whichever way the database is named, one agent of an archive has one ledger.
      stateDirectory: stateDirectory ?? foreignState("suprsync", { label: archive, key: `${realpathSync(database)}\0${archive}` }, context),
      untilIdle,
      shownLevel: shownLevel(context.env["LOGLEVEL"]),
      notes: imported.remarks.map(formatRemark),
    },
    context,
  );
}

/** Another program that has it locked is waited for as long as it takes. false: it was asked to stop meanwhile. */
async function madeDatabase(database: string, { signal, stderr }: CliContext): Promise<boolean> {
  const tell = (line: string): void => void stderr.write(`hotdir suprsync: ${line}\n`);
  try {
    (await SuprsyncDatabase.openForWriting(database, { create: true, patienceMs: Infinity, signal, tell }))[Symbol.dispose]();
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

type Own = { words: string[]; stateDirectory: string | null; page: string; untilIdle: boolean };

function takeOwn(argv: readonly string[]): Own {
  const own: Own = { words: [], stateDirectory: null, page: "off", untilIdle: false };
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const [, name, inline] = /^--(state-dir|page)(?:=(.*))?$/s.exec(word) ?? [];
    if (word === "--until-idle") own.untilIdle = true;
    else if (name === undefined) own.words.push(word);
    else {
      const value = inline ?? argv[++at] ?? "";
      if (value === "") throw new HotdirError("bad-usage", { operation: "suprsync", detail: `--${name} needs a value` });
      if (name === "page") own.page = value;
      else own.stateDirectory = value;
    }
  }
  return own;
}

/** OCS's agents take it from there; null: as the document says. */
function shownLevel(name: string | undefined): LogLevel | null {
  const levels: Record<string, LogLevel> = {
    trace: "debug",
    debug: "debug",
    info: "info",
    warn: "warn",
    warning: "warn",
    error: "error",
    critical: "error",
  };
  return levels[(name ?? "").toLowerCase()] ?? null;
}
