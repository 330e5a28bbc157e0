import { parseArgs } from "node:util";
import { messageOf } from "../../kernel/errors.ts";
import type { CliContext, ParsedArguments } from "../command.ts";
import { add } from "./add.ts";
import { addLocalFilesTool } from "./add-local-files.ts";
import { check } from "./check.ts";
import { list } from "./list.ts";
import { next } from "./next.ts";
import { misused, type Tool } from "./tool.ts";

export const tools: Readonly<Record<string, Tool>> = { check, next, list, add, "add-local-files": addLocalFilesTool };

export const toolOptions = {
  db: { type: "string", value: "FILE", says: "of the tools: the database (default: $SUPRSYNC_DB)" },
  json: { type: "boolean", says: "of the tools: the facts as JSON" },
} as const;

/** Runs the tool of this name to its end; the exit status. null: there is none. */
export async function runTool(name: string, argv: readonly string[], context: CliContext): Promise<number | null> {
  const tool = Object.hasOwn(tools, name) ? tools[name]! : null;
  if (tool === null) return null;
  const { values, positionals } = parse(tool, argv);
  if (positionals.length !== tool.positionals) throw misused(name, `usage: hotdir suprsync ${tool.usage}`);
  const database = typeof values["db"] === "string" ? values["db"] : context.env["SUPRSYNC_DB"];
  if (database === undefined || database === "") throw misused(name, "which database? --db FILE, or SUPRSYNC_DB in the environment");
  const waiting = { signal: context.signal, tell: (line: string) => void context.stderr.write(`hotdir suprsync: ${line}\n`) };
  return await tool.run({ values, positionals, database, json: values["json"] === true, waiting }, context);
}

function parse(tool: Tool, argv: readonly string[]): ParsedArguments {
  try {
    return parseArgs({ args: [...argv], options: { ...toolOptions, ...tool.options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw misused(tool.usage.split(" ")[0]!, `${messageOf(error)}; usage: hotdir suprsync ${tool.usage}`);
  }
}
