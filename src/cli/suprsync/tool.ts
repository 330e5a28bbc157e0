import { HotdirError } from "../../kernel/errors.ts";
import type { Waiting } from "../../suprsync/database.ts";
import type { CliContext, OptionSpec, ParsedArguments } from "../command.ts";

/** A verb that looks at the database, or adds to it. `--db` and `--json` are every tool's. */
export type Tool = {
  /** `check FILE` */
  usage: string;
  says: string;
  options: Record<string, OptionSpec>;
  positionals: number;
  run: (args: ToolArguments, context: CliContext) => Promise<number>;
};

export type ToolArguments = ParsedArguments & { database: string; json: boolean; waiting: Waiting };

export const createOption = {
  type: "boolean",
  says: "of add and add-local-files: make the database, and the tables, where they are missing",
} as const;

/** The option's seconds; null: it is not given. */
export function secondsIn(tool: string, values: ParsedArguments["values"], name: string): number | null {
  const text = values[name];
  if (typeof text !== "string") return null;
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text))
    throw misused(tool, `--${name} ${JSON.stringify(text)}: a number of seconds is expected, such as 60`);
  return Number(text);
}

export function misused(tool: string, detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: `suprsync ${tool}`, detail });
}
