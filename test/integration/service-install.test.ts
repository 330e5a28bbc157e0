import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Background } from "../support/background.ts";
import { isAlive } from "../support/processes.ts";
import { spawnAsUnit } from "../support/unit.ts";
import { makeWorld, type World } from "../support/world.ts";

const run = promisify(execFile);

/** In the place of systemd's own programs: each records its call, and does what the test wants. */
function fakeSystemd(world: World, systemctl: string, linger = "no"): () => string[] {
  const tools = `${world.directory}/tools`;
  mkdirSync(tools, { recursive: true });
  const calls = `${world.directory}/calls`;
  writeFileSync(calls, "");
  const programs = {
    systemctl: `#!/bin/sh\n[ "$1" = --version ] && { echo "systemd 252 (252.1)"; exit 0; }\necho "systemctl $*" >>${calls}\n${systemctl}\n`,
    loginctl: `#!/bin/sh\necho "Linger=${linger}"\n`,
  };
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(`${tools}/${name}`, script);
    chmodSync(`${tools}/${name}`, 0o755);
  }
  world.place.env = { PATH: `${tools}:${process.env["PATH"] ?? ""}` };
  return () => readFileSync(calls, "utf8").trim().split("\n");
}

const unitOf = (world: World, name = "hotdir"): string => `${world.place.home}/.config/systemd/user/${name}.service`;

test("install writes and enables a unit, says how it starts at boot, and uninstall takes all of it back", async () => {
  await using world = await makeWorld({ destination: "file" });
  const calls = fakeSystemd(world, "exit 0");
  const installed = await world.hotdir.ask("service", "install", "--now");
  expect(installed).toMatchObject({ status: 0, stderr: "" });
  expect(installed.stdout).toMatch(/loginctl enable-linger \S+\n$/);
  expect(calls()).toEqual([
    "systemctl --user daemon-reload",
    "systemctl --user enable hotdir.service",
    "systemctl --user restart hotdir.service",
  ]);
  const unit = readFileSync(unitOf(world), "utf8");
  expect(unit).toContain(`run -c ${world.place.configFile} --state-dir ${world.place.stateDirectory}\n`);
  expect((await world.hotdir.ask("service", "install", "--print")).stdout).toBe(unit);
  expect((await world.hotdir.ask("service", "install")).stdout).toContain("Replaced");
  expect(await world.hotdir.ask("service", "uninstall")).toMatchObject({ status: 0, stderr: "" });
  expect(existsSync(unitOf(world))).toBe(false);
  expect(calls().slice(-2)).toEqual(["systemctl --user disable --now hotdir.service", "systemctl --user daemon-reload"]);
  expect((await world.hotdir.ask("service", "uninstall")).stdout).toContain("nothing to remove");
});

test("lingering that is on is not asked for", async () => {
  await using world = await makeWorld({ destination: "file" });
  fakeSystemd(world, "exit 0", "yes");
  const installed = await world.hotdir.ask("service", "install", "--name", "second");
  expect(installed.stdout).toContain("It also starts at boot");
  expect(existsSync(unitOf(world, "second"))).toBe(true);
});

test("where systemd does not answer the unit is there, the reason and what is left to do are said, and the status is 1", async () => {
  await using world = await makeWorld({ destination: "file" });
  fakeSystemd(world, `[ "$2" = enable ] && { echo "Failed to connect to bus: No medium found" >&2; exit 1; }\nexit 0`);
  const installed = await world.hotdir.ask("service", "install", "--now");
  expect(installed.status).toBe(1);
  expect(installed.stderr).toContain(
    "'systemctl --user enable hotdir.service' could not be done: Failed to connect to bus: No medium found",
  );
  expect(installed.stderr).toContain("  systemctl --user enable hotdir.service\n  systemctl --user restart hotdir.service\n");
  expect(installed.stdout).not.toMatch(/runs|Enabled/);
  expect(existsSync(unitOf(world))).toBe(true);
  // And what systemd may still run keeps its unit.
  fakeSystemd(world, `echo "Failed to connect to bus: No medium found" >&2; exit 1`);
  const uninstalled = await world.hotdir.ask("service", "uninstall");
  expect(uninstalled).toMatchObject({ status: 1, stdout: "" });
  expect(uninstalled.stderr).toContain("systemctl --user disable --now hotdir.service");
  expect(existsSync(unitOf(world))).toBe(true);
});

test("a unit that somebody else wrote, a faulty configuration and what runs in the background already are refused", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  const calls = fakeSystemd(world, "exit 0");
  mkdirSync(`${world.place.home}/.config/systemd/user`, { recursive: true });
  writeFileSync(unitOf(world), "[Service]\nExecStart=/bin/true\n");
  for (const what of ["install", "uninstall"]) expect((await world.hotdir.ask("service", what)).status).toBe(2);
  expect(readFileSync(unitOf(world), "utf8")).toBe("[Service]\nExecStart=/bin/true\n");
  await background.start();
  const refused = await world.hotdir.ask("service", "install", "--name", "other");
  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain("'hotdir stop' first");
  await background.hotdir.ask("stop");
  writeFileSync(world.place.configFile, "flows: {}");
  expect((await world.hotdir.ask("service", "install", "--name", "other")).status).toBe(2);
  expect(existsSync(unitOf(world, "other"))).toBe(false);
  expect(calls()).toEqual([""]);
});

test("what a unit says is what systemd itself takes without a word", async () => {
  await using world = await makeWorld({ destination: "file" });
  const units = [
    { args: [] as string[], scope: ["--user"] },
    { args: ["--system", "--user", "root"], scope: [] as string[] },
  ];
  const isHere = await run("systemd-analyze", ["--version"]).then(
    () => true,
    () => false,
  );
  // Where the machine has no systemd, that is said, and the form of the unit is all that is looked at.
  if (!isHere) console.log("systemd-analyze is not on this machine: the units are not verified by it");
  for (const [at, { args, scope }] of units.entries()) {
    const { stdout } = await world.hotdir.ask("service", "install", "--print", ...args);
    expect(stdout).toMatch(/^# Written by 'hotdir service install'/);
    const file = `${world.directory}/hotdir-${at}.service`;
    writeFileSync(file, stdout);
    if (!isHere) continue;
    const verified = await run("systemd-analyze", ["verify", ...scope, file], {
      env: { ...process.env, XDG_RUNTIME_DIR: world.directory, HOME: world.place.home },
    });
    expect(verified.stderr).toBe("");
  }
});

test("run as a unit, the launcher becomes the daemon: the process that systemd started is the one that is ready and ends on SIGTERM", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using unit = await spawnAsUnit(world);
  await unit.socket.wait(/^READY=1$/);
  expect((await world.hotdir.status()).daemon.pid).toBe(unit.pid);
  expect((await world.hotdir.ask("sanity")).stdout).toMatch(/^well: hotdir runs under systemd, /);
  const refused = await world.hotdir.ask("start");
  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain("systemd runs it");
  expect(isAlive(unit.pid)).toBe(true);
  expect(await unit.stop()).toBe(0);
});
