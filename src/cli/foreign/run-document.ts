import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { loadConfiguration } from "../../config/load.ts";
import { renderFaults } from "../../config/fault.ts";
import type { Configuration } from "../../config/parse.ts";
import { takeOwnership } from "../../daemon/owner.ts";
import { writeDurably } from "../../kernel/durable-file.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { LogLevel } from "../../kernel/log.ts";
import type { CliContext } from "../command.ts";
import { defaultSsh } from "../locations.ts";
import { openDaemonLog } from "../running/daemon-log.ts";
import { runFlows } from "../running/run-flows.ts";

/** A native document and where it is run. `operation`: what the user called, for messages: `suprsync`. */
export type ForeignRun = {
  operation: string;
  /** The document: what `hotdir import` prints of the same configuration. */
  yaml: string;
  stateDirectory: string;
  untilIdle: boolean;
  /** null: as the document says. */
  shownLevel: LogLevel | null;
  /** What is to be known of how the configuration is taken, a line each. */
  notes?: readonly string[];
};

/**
 * Runs a document in the foreground to its end; the exit status. It is written into the state directory first, so that every other command
 * can be asked about it. Throws `state-owned` while another daemon runs there: then nothing was written.
 */
export async function runDocument(run: ForeignRun, context: CliContext): Promise<number> {
  const { operation, stateDirectory, untilIdle, shownLevel, notes = [] } = run;
  const file = join(stateDirectory, "hotdir.yaml");
  const configuration = write(run, file, context);
  await using opened = openDaemonLog({ configuration, stateDirectory, to: context.stderr, shownLevel });
  opened.log.info(`${operation} runs; 'hotdir status -c ${file} --state-dir ${stateDirectory}' tells how it stands`);
  for (const note of notes) opened.log.info(note);
  return await runFlows({
    configuration,
    read: () => read(operation, file, context),
    chosen: null,
    log: opened.log,
    stateDirectory,
    untilIdle,
    context,
  });
}

/** Only its owner may change what a daemon that runs would read anew. */
function write({ operation, yaml, stateDirectory }: ForeignRun, file: string, context: CliContext): Configuration {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  using held = new DisposableStack();
  held.use(takeOwnership(stateDirectory));
  writeDurably(file, yaml);
  return read(operation, file, context);
}

/** What importers write is good; where it is not, that is told as any other configuration's fault. */
function read(operation: string, file: string, context: CliContext): Configuration {
  const loaded = loadConfiguration(file, { env: {}, homeDirectory: context.homeDirectory, defaultSsh: defaultSsh(context) });
  if (loaded.ok) return loaded.configuration;
  throw new HotdirError("bad-configuration", {
    operation,
    detail: `what the configuration comes to is no good flow:\n${renderFaults(loaded.faults)}`,
  });
}
