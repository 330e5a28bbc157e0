import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandReference } from "../../scripts/command-reference.ts";
import { exitStatuses } from "./command.ts";
import { commands } from "./commands.ts";
import { commandHelp, overview } from "./help.ts";

test("the committed reference of the commands is current (else: node scripts/generate-commands.ts)", () => {
  expect(readFileSync(new URL("../../docs/reference/commands.md", import.meta.url), "utf8")).toBe(commandReference());
});

test("every command has a help with an example, its options and its exit statuses", () => {
  for (const command of commands) {
    const help = commandHelp(command);
    expect(help).toContain(`usage: hotdir ${command.name}`);
    expect(command.examples.length, command.name).toBeGreaterThan(0);
    for (const example of command.examples) expect(help).toContain(example.command);
    for (const status of command.exits) expect(help).toContain(`${status}  ${exitStatuses[status]}`);
    for (const option of Object.keys(command.options)) expect(help).toContain(`--${option}`);
    expect(overview(commands)).toContain(command.summary);
  }
});
