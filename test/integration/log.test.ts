import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hotdirProgram } from "../support/daemon.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, writeFiles } from "./engine-world.ts";

type Line = Record<string, unknown> & { level: string; msg: string; path?: string };

async function jsonLines(world: World, ...args: string[]): Promise<Line[]> {
  const { stdout, status, stderr } = await world.hotdir.ask("log", "--json", ...args);
  expect(status, stderr).toBe(0);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

test("each delivered file has one line with what, where, size, time and digest, also where hundreds come at once", async () => {
  await using world = await makeWorld({ destination: "file" });
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`run7/${at} ü.nc`, `content ${at}`]));
  for (const [name, content] of Object.entries(files)) writeFiles(world.source, { [Buffer.from(name).toString("latin1")]: content });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const delivered = (await jsonLines(world, "--since", "1h")).filter(({ kind }) => kind === "put");
  expect(delivered.map(({ path }) => path ?? "").toSorted()).toEqual(Object.keys(files).toSorted());
  for (const line of delivered) {
    const content = files[line.path ?? ""] ?? "";
    expect(line).toMatchObject({
      level: "info",
      flow: "world",
      to: `file:${world.destination}/${line.path}`,
      bytes: content.length,
      basis: "digest",
      algorithm: "sha256",
      digest: createHash("sha256").update(content).digest("hex"),
    });
    expect(line["seconds"]).toBeGreaterThanOrEqual(0);
    expect(line["lag_s"]).toBeGreaterThanOrEqual(line["seconds"] as number);
  }
  // People watch a part of it.
  const shown = readFileSync(world.place.logFile, "utf8").split("\n");
  expect(shown.filter((line) => line.includes('"digest"')).length).toBeLessThan(300);
  expect(shown.filter((line) => /delivered \d+ more files/.test(line)).length).toBeGreaterThan(0);
});

test("the log is asked by flow, file, level, time and number, and is readable", async () => {
  await using world = await makeWorld({ destination: "file", flow: { retry: { attempts: 1 } } });
  configure(world, (flow) => ({ one: flow, two: { ...flow, destination: { ...flow.destination, url: `file:${world.directory}/two` } } }));
  mkdirSync(`${world.directory}/two/blocked`, { recursive: true });
  writeFileSync(`${world.directory}/two/blocked/x`, "in the way");
  writeFiles(world.source, { a: "a", b: "bb", blocked: "a file" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);

  expect((await jsonLines(world, "two")).filter(({ flow }) => flow !== "two")).toEqual([]);
  expect((await jsonLines(world, "--file", `${world.source}/a`)).map(({ flow, path }) => `${String(flow)} ${path}`).toSorted()).toEqual([
    "one a",
    "two a",
  ]);
  expect(await jsonLines(world, "two", "--level", "error")).toMatchObject([{ path: "blocked", code: "wrong-type", level: "error" }]);
  expect((await jsonLines(world, "-n", "2")).length).toBe(2);
  expect(await jsonLines(world, "--since", "2000-01-01", "--level", "error")).toHaveLength(1);

  const { stdout } = await world.hotdir.ask("log", "--file", "a", "one");
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO  one  delivered a, 1 B in [\d.]+ s, sha256 [0-9a-f]{16}…\n$/);
  const none = await world.hotdir.ask("log", "three");
  expect([none.status, none.stdout, none.stderr]).toEqual([0, "", expect.stringMatching(/has no such line/)]);
  for (const wrong of [
    ["--level", "loud"],
    ["--since", "yore"],
    ["-n", "many"],
  ]) {
    const { status, stderr } = await world.hotdir.ask("log", ...wrong);
    expect([status, stderr]).toEqual([2, expect.stringContaining(wrong[1]!)]);
  }
});

test("log -f shows what comes, line by line, and ends with Ctrl-C", async () => {
  await using world = await makeWorld({ destination: "file" });
  const { configFile, stateDirectory, home } = world.place;
  const child = spawn(hotdirProgram, ["log", "-f", "-n", "0", "-c", configFile, "--state-dir", stateDirectory], {
    env: { PATH: process.env["PATH"], HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    world.hotdir.start();
    for (const name of ["first", "second"]) {
      writeFiles(world.source, { [name]: name });
      await waitUntil(`a line of ${name}`, () => said.includes(`delivered ${name}, `), { explain: () => said });
    }
    child.kill("SIGINT");
    const [status] = (await once(child, "exit")) as [number | null];
    expect(status).toBe(0);
    expect(said).toMatch(/\n$/);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a flow's own level counts in the file, and --log-level only in what is shown", async () => {
  await using world = await makeWorld({ destination: "file" });
  configure(world, (flow) => ({
    quiet: { ...flow, log: "warn" },
    loud: { ...flow, log: "debug", destination: { ...flow.destination, url: `file:${world.directory}/loud` } },
  }));
  writeFiles(world.source, { a: "a" });
  world.hotdir.start("--until-idle", "--log-level", "error");
  expect((await world.hotdir.ended(30_000)).status).toBe(0);
  const lines = await jsonLines(world, "--since", "1h");
  expect(lines.filter(({ flow }) => flow === "quiet")).toEqual([]);
  expect(new Set(lines.filter(({ flow }) => flow === "loud").map(({ level }) => level))).toEqual(new Set(["debug", "info"]));
  expect(readFileSync(world.place.logFile, "utf8")).not.toContain("delivered");
});

test("what the far side says of secrets gets into no log, no status and no error", async () => {
  await using world = await makeWorld();
  const secrets = ["hunter2hunter2", "abcdef0123456789"];
  const talker = `${world.directory}/talker`;
  writeFileSync(
    talker,
    `#!/bin/sh\necho "using https://me:${secrets[0]}@proxy.example.org, Authorization: Bearer ${secrets[1]}, password=${secrets[0]}" >&2\nexit 255\n`,
    { mode: 0o755 },
  );
  configure(world, (flow) => ({ world: { ...flow, destination: { ...flow.destination, ssh: [talker] } } }));
  writeFiles(world.source, { a: "a" });
  world.hotdir.start("--log-level", "debug");
  await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
  const told = [
    readFileSync(world.place.logFile, "utf8"),
    ...(await Promise.all(
      [["log", "--json"], ["status"], ["status", "--json"], ["explain", `${world.source}/a`], ["check"]].map(
        async ([command = "", ...args]) => {
          const { stdout, stderr } = await world.hotdir.ask(command, ...args);
          return stdout + stderr;
        },
      ),
    )),
  ].join("\n");
  expect(told).toContain("proxy.example.org");
  for (const secret of secrets) expect(told).not.toContain(secret);
});

test("a line that a kill cut off is left out, and what follows it is shown", async () => {
  await using world = await makeWorld({ destination: "file" });
  writeFiles(world.source, { a: "a" });
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  appendFileSync(`${world.place.stateDirectory}/log/hotdir.log`, '{"level":"info","time":"2026-');
  writeFiles(world.source, { b: "b" });
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect((await jsonLines(world, "--file", "b")).map(({ path }) => path)).toEqual(["b"]);
});
