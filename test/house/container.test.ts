import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { commonOptions } from "../../src/cli/command.ts";
import { loadCommands } from "../../src/cli/commands.ts";
import { parseConfiguration } from "../../src/config/parse.ts";
import { root, textOf } from "./sources.ts";

const dockerfile = textOf("Dockerfile").replaceAll("\\\n", " ");
const packageFile = z
  .object({
    bin: z.record(z.string(), z.string()),
    engines: z.object({ node: z.string() }),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(textOf("package.json")));
const compose = z
  .object({
    services: z.record(
      z.string(),
      z.object({
        build: z.string(),
        command: z.array(z.string()),
        volumes: z.array(z.string()),
        healthcheck: z.object({ test: z.array(z.string()) }),
        init: z.literal(true),
        restart: z.string(),
        stop_grace_period: z.string(),
      }),
    ),
  })
  .parse(parse(textOf("examples/docker/compose.yaml")));
const services = Object.values(compose.services);
const commands = await loadCommands();

/** Fails unless these words are a command line that hotdir takes. */
function expectCommandLine([name, ...args]: string[]): void {
  const command = commands.find((candidate) => candidate.name === name);
  expect(command, name).toBeDefined();
  const known = { ...commonOptions, ...command?.options };
  for (const word of args.filter((arg) => arg.startsWith("--"))) expect(Object.keys(known)).toContain(word.slice(2));
}

/** The words of an instruction in its JSON form. */
function wordsOf(instruction: RegExp): string[] {
  return z.array(z.string()).parse(JSON.parse(instruction.exec(dockerfile)?.[1] ?? "null"));
}

test("the image is built from files that are there, with the Node that the tests ran with", () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) => (match[1] ?? "").split(" "));
  expect(copied.length).toBeGreaterThan(2);
  for (const file of copied) expect(existsSync(join(root, file)), file).toBe(true);
  const bases = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map((match) => match[1]);
  expect(bases).toEqual([packageFile.devDependencies["node"], packageFile.devDependencies["node"]]);
});

test("the image runs commands that hotdir has", () => {
  const [program = ""] = wordsOf(/^ENTRYPOINT (\[.*\])$/m);
  expect(Object.keys(packageFile.bin)).toEqual([program]);
  expectCommandLine(wordsOf(/^CMD (\[.*\])$/m));
  const health = wordsOf(/^HEALTHCHECK .*? CMD (\[.*\])$/m);
  expect(health[0]).toBe(program);
  expectCommandLine(health.slice(1));
});

test("the compose file names files that are there, and commands that hotdir has", () => {
  expect(services).toHaveLength(1);
  for (const service of services) {
    expect(existsSync(join(root, "examples/docker", service.build, "Dockerfile"))).toBe(true);
    expectCommandLine(service.command);
    const [kind, program, ...args] = service.healthcheck.test;
    expect([kind, program]).toEqual(["CMD", "hotdir"]);
    expectCommandLine(args);
    const targets = service.volumes.map((volume) =>
      volume
        .split(":")
        .slice(1)
        .find((part) => part.startsWith("/")),
    );
    expect(targets).toEqual(expect.arrayContaining(["/state", service.command[service.command.indexOf("--config") + 1]]));
    // Docker gives the daemon at least as long as it takes itself to end in order.
    expect(Number.parseInt(service.stop_grace_period, 10)).toBeGreaterThanOrEqual(30);
  }
});

test("the example's configuration is valid", () => {
  const parsed = parseConfiguration(textOf("examples/docker/hotdir.yaml"), "/config/hotdir.yaml", {
    env: {},
    homeDirectory: "/home/me",
    defaultSsh: ["ssh"],
  });
  expect(parsed.ok ? [] : parsed.faults).toEqual([]);
});
