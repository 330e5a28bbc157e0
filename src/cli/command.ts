import type { ParseArgsOptionsConfig } from "node:util";

/** What a command gets beside its arguments; tests give their own. */
export type CliContext = {
  env: Record<string, string | undefined>;
  homeDirectory: string;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Aborted by SIGINT and SIGTERM. */
  signal: AbortSignal;
};

export type ParsedArguments = { values: Record<string, string | boolean | string[] | undefined>; positionals: string[] };

/** A command as data: help, usage errors and the reference page come from it. */
export type Command = {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** `hotdir run [FLOW...] [--until-idle]` */
  usage: string;
  /** What it does, in a few short paragraphs. */
  description: string;
  options: Record<string, OptionSpec>;
  /** It reads its words itself, since another program's users type them: all of them are positionals, and no common option is one. A function: for some words only. */
  ownArguments?: true | ((argv: readonly string[]) => boolean);
  positionals: { min: number; max: number };
  examples: Array<{ command: string; does: string }>;
  /** The exit statuses that this command can end with, beside 0, 2, 130 and 1. */
  exits: number[];
  run: (args: ParsedArguments, context: CliContext) => Promise<number>;
};

export type OptionSpec = ParseArgsOptionsConfig[string] & { value?: string; says: string };

export const exitStatuses: Record<number, string> = {
  0: "done",
  1: "something else went wrong; the message says what",
  2: "wrong usage or configuration",
  3: "done, but dead letters remain, or files that could not be ingested",
  4: "the destination is out of reach",
  5: "another daemon owns the state directory",
  130: "interrupted",
};

/** Options that every command takes. */
export const commonOptions = {
  config: { type: "string", short: "c", value: "FILE", says: "the configuration (default: $XDG_CONFIG_HOME/hotdir/hotdir.yaml)" },
  "state-dir": { type: "string", value: "DIR", says: "where the ledger is (default: $HOTDIR_STATE_DIR, or $XDG_STATE_HOME/hotdir)" },
  help: { type: "boolean", short: "h", says: "this help" },
} as const satisfies Record<string, OptionSpec>;
