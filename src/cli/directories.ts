import { join } from "node:path";
import type { CliContext, ParsedArguments } from "./command.ts";

export function configurationFile(args: ParsedArguments, context: CliContext): string {
  const named = args.values["config"];
  if (typeof named === "string") return named;
  return join(context.env["XDG_CONFIG_HOME"] || join(context.homeDirectory, ".config"), "hotdir", "hotdir.yaml");
}

export function stateDirectory(args: ParsedArguments, context: CliContext): string {
  const named = args.values["state-dir"];
  if (typeof named === "string") return named;
  return context.env["HOTDIR_STATE_DIR"] || join(context.env["XDG_STATE_HOME"] || join(context.homeDirectory, ".local", "state"), "hotdir");
}
