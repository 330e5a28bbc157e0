import { commonOptions, exitStatuses, type Command, type OptionSpec } from "../src/cli/command.ts";
import { loadCommands } from "../src/cli/commands.ts";

/** `docs/reference/commands.md`, from the command objects that `--help` is made of. */
export async function commandReference(): Promise<string> {
  const commands = await loadCommands();
  return `${[
    "# Commands",
    "",
    "<!-- Made by scripts/generate-commands.ts from the commands in src/cli. Change those. -->",
    "",
    "`hotdir COMMAND --help` prints the same. Facts go to standard output, everything else to standard error. What `--json`",
    "prints is in [json.md](json.md).",
    "",
    "| command | does |",
    "|---|---|",
    ...commands.map((command) => `| [\`${command.name}\`](#${command.name}) | ${command.summary} |`),
    "",
    "Options that every command takes:",
    "",
    ...optionRows(commonOptions),
    "",
    "Exit statuses:",
    "",
    "| status | means |",
    "|---|---|",
    ...Object.entries(exitStatuses).map(([status, says]) => `| ${status} | ${says} |`),
    "",
    "Without a configuration's `ssh:`, the environment's `HOTDIR_SSH` is the ssh command (`ssh -F file`, say), else `ssh`.",
    "`NO_COLOR` switches colours off.",
    ...commands.flatMap(section),
  ].join("\n")}\n`;
}

function section(command: Command): string[] {
  return [
    "",
    `## ${command.name}`,
    "",
    "```",
    command.usage,
    "```",
    "",
    command.description,
    ...(Object.keys(command.options).length === 0 ? [] : ["", ...optionRows(command.options)]),
    "",
    ...command.examples.flatMap((example) => ["```sh", `${example.command}   # ${example.does}`, "```"]),
    "",
    `Exit status: ${[0, 1, 2, ...command.exits, 130].join(", ")}.`,
  ];
}

function optionRows(options: Record<string, OptionSpec>): string[] {
  const rows = Object.entries(options).map(([name, spec]) => {
    const short = spec.short === undefined ? "" : `-${spec.short}, `;
    return `| \`${short}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}\` | ${spec.says.replaceAll("|", "\\|")} |`;
  });
  return ["| option | |", "|---|---|", ...rows];
}
