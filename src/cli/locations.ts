import { type Configuration } from "../config/parse.ts";
import { loadConfiguration } from "../config/load.ts";
import { renderFaults } from "../config/fault.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError } from "../kernel/errors.ts";
import type { CliContext, OptionSpec, ParsedArguments } from "./command.ts";
import { configurationFile } from "./directories.ts";

export { configurationFile, stateDirectory } from "./directories.ts";

export const flowOption: OptionSpec = { type: "string", short: "f", value: "FLOW", says: "only this flow" };

/** The ssh command where the configuration names none: `HOTDIR_SSH`, split at blanks, else `ssh`. */
export function defaultSsh(context: CliContext): string[] {
  const words = (context.env["HOTDIR_SSH"] ?? "").split(/\s+/).filter((word) => word !== "");
  return words.length > 0 ? words : ["ssh"];
}

/** Throws `bad-configuration` with all faults, rendered. */
export function readConfiguration(args: ParsedArguments, context: CliContext): Configuration {
  const loaded = loadConfiguration(configurationFile(args, context), {
    env: context.env,
    homeDirectory: context.homeDirectory,
    defaultSsh: defaultSsh(context),
  });
  if (loaded.ok) return loaded.configuration;
  throw new HotdirError("bad-configuration", { operation: "read the configuration", detail: `\n${renderFaults(loaded.faults)}` });
}

/** The flows that are named, or all. Throws `bad-usage` for a name that is none. */
export function chosenFlows(configuration: Configuration, names: string[]): FlowSettings[] {
  for (const name of names) {
    if (configuration.flows.some((flow) => flow.name === name)) continue;
    throw new HotdirError("bad-usage", {
      operation: "choose a flow",
      detail: `there is no flow ${JSON.stringify(name)}; ${configuration.file} has ${configuration.flows.map((flow) => flow.name).join(", ")}`,
    });
  }
  return names.length === 0 ? configuration.flows : configuration.flows.filter((flow) => names.includes(flow.name));
}
