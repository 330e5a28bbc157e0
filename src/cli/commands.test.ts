import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { commandReference } from "../../scripts/command-reference.ts";
import { exitStatuses } from "./command.ts";
import { loadCommand, loadCommands } from "./commands.ts";
import { commandHelp, overview } from "./help.ts";

test("the committed reference of the commands is current (else: node scripts/generate-commands.ts)", async () => {
  expect(readFileSync(new URL("../../docs/reference/commands.md", import.meta.url), "utf8")).toBe(await commandReference());
});

test("every command has a help with an example, its options and its exit statuses", async () => {
  const commands = await loadCommands();
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

test("each command is found by its own name, and nothing else is one", async () => {
  for (const command of await loadCommands()) expect(await loadCommand(command.name)).toBe(command);
  for (const name of ["", "constructor", "__proto__", "Run", "./run"]) expect(await loadCommand(name)).toBeNull();
});

test("a supervisor, which runs for years, does not carry along what only the daemon needs", () => {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    await import(${JSON.stringify(new URL("supervise.ts", import.meta.url).href)});
    console.log(loaded.join("\\n"));
  `;
  const loaded = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect(loaded).toContain("/src/service/supervisor.ts");
  expect(loaded).not.toMatch(
    /node:sqlite|\/src\/(daemon\/daemon|flow\/(flow|ledger)|config\/(load|parse)|dashboard|broker|importers)|\/node_modules\/(hono|prom-client|yaml|amqplib)\//,
  );
});
