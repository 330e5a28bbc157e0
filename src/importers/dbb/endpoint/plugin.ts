import type { Remarks } from "../../remark.ts";
import type { EndpointConfiguration } from "./read-endpoint.ts";

/** What ingests: the user's command, or nothing at all (every file succeeds). */
export type Plugin = { kind: "command"; command: string[]; version: string | null; silenceMs: number } | { kind: "nothing" };

const WRITE = "write name: Command with config: {command: [PROGRAM, ARGUMENT...]} (docs/guide/18-ingest.md says what it gets)";
const SILENCE_MS = 3_600_000;

/**
 * The plugins of the original know an observatory's software, and here that is the user's command: `plugin: {name: Command, config: {command:
 * [...]}}`, or a `command` in the `config` of any other plugin, whose own settings then stay as they are. null: the remarks say why not.
 */
export function commandOf({ section, at }: EndpointConfiguration<"ingester">, remarks: Remarks): Plugin | null {
  const { name, config = {} } = section.plugin;
  const line = at("ingester", "plugin", "name");
  const { command, version, timeout } = config;
  if (command === undefined && (name === "NullIngest" || name === "Null")) return { kind: "nothing" };
  if (command === undefined) {
    remarks.error(
      line,
      name === "Command"
        ? `ingester.plugin: the command is missing: ${WRITE}`
        : `ingester.plugin: ${name} is Python code of an observatory: ${WRITE}`,
    );
    return null;
  }
  const words = Array.isArray(command) ? command.map((word) => (typeof word === "number" ? String(word) : word)) : [];
  const argv = words.filter((word): word is string => typeof word === "string" && !word.includes("\0"));
  if (argv.length === 0 || argv.length !== words.length || argv[0] === "") {
    remarks.error(
      at("ingester", "plugin", "config", "command"),
      "ingester.plugin.config.command: expected a list of arguments: [PROGRAM, ARGUMENT...]",
    );
    return null;
  }
  if (timeout !== undefined && (typeof timeout !== "number" || timeout < 1)) {
    remarks.error(at("ingester", "plugin", "config", "timeout"), "ingester.plugin.config.timeout: expected seconds");
    return null;
  }
  return {
    kind: "command",
    command: argv,
    version: typeof version === "string" || typeof version === "number" ? String(version) : null,
    silenceMs: typeof timeout === "number" ? timeout * 1000 : SILENCE_MS,
  };
}
