import { type Command, commonOptions, exitStatuses, type OptionSpec } from "./command.ts";

export function overview(commands: Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    "hotdir: drop a file into a directory; it arrives on the cluster: once, intact, and you can prove it.",
    "",
    "usage: hotdir COMMAND [OPTIONS]",
    "",
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "'hotdir COMMAND --help' explains one, with examples.",
  ].join("\n");
}

export function commandHelp(command: Command): string {
  const { help } = commonOptions;
  const common = command.ownArguments === true ? { help } : commonOptions;
  // Its own come first, and also count where one of them is a common one with another meaning.
  const options: Record<string, OptionSpec> = { ...command.options, ...common, ...command.options };
  const left = Object.entries(options).map(
    ([name, spec]) =>
      `${spec.short === undefined ? "    " : `-${spec.short}, `}--${name}${spec.value === undefined ? "" : ` ${spec.value}`}`,
  );
  const width = Math.max(...left.map((text) => text.length));
  const exits = [0, 1, 2, ...command.exits, 130];
  return [
    `usage: ${command.usage}`,
    "",
    command.description,
    "",
    "Options:",
    ...Object.values(options).map((spec, at) => `  ${left[at]!.padEnd(width)}  ${spec.says}`),
    "",
    "Examples:",
    ...command.examples.flatMap((example) => [`  ${example.command}`, `      ${example.does}`]),
    "",
    "Exit status:",
    ...exits.map((status) => `  ${String(status).padStart(3)}  ${exitStatuses[status]}`),
  ].join("\n");
}
