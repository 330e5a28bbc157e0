import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Background } from "../support/background.ts";
import { spotless } from "../support/oracle.ts";
import { childrenOf, isAlive } from "../support/processes.ts";
import { chooseSeed } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

test("a daemon that is killed in the middle of work is back at once, the reason is kept, and nothing is lost", async () => {
  await using world = await makeWorld();
  await using background = new Background(world.place);
  expect((await background.start()).status).toBe(0);
  const generator = world.generate({ seed: chooseSeed("supervisor kill"), operationsPerS: 60, sizesBytes: [0, 200_000] });
  const tookMs: number[] = [];
  for (let kill = 0; kill < 3; kill++) {
    const before = background.daemon;
    const startMs = performance.now();
    process.kill(before ?? 0, "SIGKILL");
    // It takes the lock before all else; to ask it by a command would take longer than its start.
    await waitUntil("another owner", () => background.daemon !== null && background.daemon !== before, { everyMs: 10 });
    tookMs.push(performance.now() - startMs);
    await background.nextDaemon(before);
  }
  console.log(
    `from a kill to the next daemon: ${tookMs.map((ms) => `${Math.round(ms)} ms`).join(", ")} (the first at once, then after 1 s and 2 s)`,
  );
  await generator.finish();
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
  const { endings } = background.record();
  expect(endings.map(({ reason }) => reason)).toEqual(Array.from({ length: 3 }, () => "it was ended by SIGKILL"));
  expect((await background.hotdir.ask("status")).stdout).toContain("3 restarts in the last day, the last: it was ended by SIGKILL");
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
});

test("a daemon that hangs is noticed by its silence and replaced; one that only works hard is not", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  world.place.env = { HOTDIR_HEARTBEAT_SILENCE_S: "3" };
  await background.start();
  const { daemon } = background;
  await world.generate({ seed: chooseSeed("hang"), operations: 300, sizesBytes: [0, 400_000], ways: ["write"] }).done;
  await world.arrived();
  expect(background.daemon).toBe(daemon);
  process.kill(daemon ?? 0, "SIGSTOP");
  await background.nextDaemon(daemon);
  expect(background.record().endings.map(({ reason }) => reason)).toEqual(["no heartbeat for 3 s, so it was ended"]);
});

test("a configuration that became faulty is not tried again at once, and its faults are told", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const good = readFileSync(world.place.configFile, "utf8");
  writeFileSync(world.place.configFile, "flows: {a: {sourc: 1}}");
  process.kill(background.daemon ?? 0, "SIGKILL");
  await waitUntil("the refusal", () => background.record().endings.length === 2 && background.record().state === "waiting");
  const { endings, nextStart } = background.record();
  expect(endings[1]).toMatchObject({ reason: "its configuration was refused (exit status 2)", status: 2 });
  expect(endings[1]?.lastWords.join("\n")).toContain("sourc");
  expect(Date.parse(nextStart ?? "") - Date.parse(endings[1]?.at ?? "")).toBeGreaterThan(9000);
  const sanity = await background.hotdir.ask("sanity");
  expect(sanity.status).toBe(1);
  expect(sanity.stderr).toContain("its configuration was refused");
  writeFileSync(world.place.configFile, good);
  expect((await background.start()).status).toBe(0);
});

test("a daemon whose supervisor is killed ends in order, and sanity starts both again", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor, daemon } = background;
  process.kill(supervisor ?? 0, "SIGKILL");
  const sanity = await background.hotdir.ask("sanity");
  expect(sanity).toMatchObject({ status: 0, stderr: "" });
  expect(sanity.stdout).toMatch(/^repaired: started hotdir, which did not run although it was wanted: process \d+$/m);
  expect(isAlive(daemon ?? 0)).toBe(false);
  expect(background.supervisor).not.toBe(supervisor);
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
  expect(background.log()).toContain("the supervisor went away");
});

test("a supervisor that hangs is replaced, with its daemon", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor } = background;
  process.kill(supervisor ?? 0, "SIGSTOP");
  // As if it had hung for a minute.
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(`${world.place.stateDirectory}/supervisor.json`, longAgo, longAgo);
  const sanity = await background.hotdir.ask("sanity");
  expect(sanity).toMatchObject({ status: 0, stderr: "" });
  expect(sanity.stdout).toContain(`repaired: ended the supervisor, process ${String(supervisor)}, which hung`);
  expect(isAlive(supervisor ?? 0)).toBe(false);
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
});

test("five sanities at once start one supervisor and one daemon", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  await background.cutPower();
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => background.hotdir.ask("sanity")));
  expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
  expect(outcomes.filter(({ stdout }) => stdout.includes("repaired: started hotdir")).length).toBe(1);
  const daemons = childrenOf(background.supervisor ?? 0, "node");
  expect(daemons.length <= 1 && isAlive(background.daemon ?? 0)).toBe(true);
});

test("a stop beside sanities is the last word: nothing runs when all of them have ended", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  for (let round = 0; round < 3; round++) {
    await background.start();
    await background.cutPower();
    const [stopped] = await Promise.all([
      background.hotdir.ask("stop"),
      ...Array.from({ length: 3 }, () => background.hotdir.ask("sanity")),
    ]);
    expect(stopped.status).toBe(0);
    await waitUntil("nothing runs", () => background.supervisor === null && background.daemon === null);
    expect((await background.hotdir.ask("sanity")).stdout).toBe("stopped, as it was asked to be\n");
  }
});

test("what a child of a daemon starts anew is no stray of that daemon", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  // As a command that an alert runs would: its environment names a daemon that is gone after the restart.
  const stat =
    readFileSync(`/proc/${String(background.daemon)}/stat`, "latin1")
      .split(") ")[1]
      ?.split(" ")[19] ?? "";
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  world.place.env = { HOTDIR_CHILD_OF: `${String(background.daemon)} ${stat} ${boot} ${realpathSync(world.place.stateDirectory)}` };
  expect((await background.hotdir.ask("restart")).status).toBe(0);
  world.place.env = {};
  const { supervisor, daemon } = background;
  expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
  expect([background.supervisor, background.daemon]).toEqual([supervisor, daemon]);
  for (const pid of [supervisor, daemon]) expect(environmentOf(pid ?? 0)).not.toContain("HOTDIR_CHILD_OF");
});

test("stop does not wait for a daemon that hangs, kills it within its bound, and it is not started again", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  const { supervisor, daemon } = background;
  process.kill(daemon ?? 0, "SIGSTOP");
  const stopped = await background.hotdir.ask("stop", "--timeout", "2");
  expect(stopped).toMatchObject({ status: 0, stderr: "" });
  expect(stopped.stdout).toContain("was killed; nothing is lost");
  expect([supervisor, daemon].filter((pid) => pid !== null && isAlive(pid))).toEqual([]);
  expect(await background.hotdir.ask("sanity")).toMatchObject({ status: 0, stdout: "stopped, as it was asked to be\n" });
});

test("a number in a lock that another process has now is never signalled", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using background = new Background(world.place);
  await background.start();
  await background.cutPower();
  const innocent = spawn("sleep", ["600"], { stdio: "ignore" });
  try {
    // The lines of a life before: the number is that of a live process, its start is not.
    for (const lock of ["supervisor.lock", "owner.lock"]) {
      const file = `${world.place.stateDirectory}/${lock}`;
      writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+/, String(innocent.pid)));
    }
    expect(await background.hotdir.ask("stop")).toMatchObject({ status: 0, stdout: "hotdir does not run in the background.\n" });
    expect((await background.start()).status).toBe(0);
    expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
    expect(isAlive(innocent.pid ?? 0)).toBe(true);
  } finally {
    innocent.kill("SIGKILL");
  }
});

test("what a killed daemon left behind is ended, and nothing else that looks like it", async () => {
  await using world = await makeWorld({ proxied: true });
  await using background = new Background(world.place);
  await background.start();
  await world.generate({ seed: chooseSeed("strays"), operations: 10 }).done;
  await world.arrived();
  const lanes = childrenOf(background.daemon ?? 0, "ssh");
  expect(lanes.length).toBeGreaterThan(0);
  const mark = markOf(lanes[0] ?? 0);
  expect(mark).toContain(realpathSync(world.place.stateDirectory));
  for (const name of ["NOTIFY_SOCKET", "HOTDIR_HEARTBEAT_FD"]) expect(environmentOf(lanes[0] ?? 0)).not.toContain(name);
  // Stopped, they do not notice that their daemon is gone: so a real stray comes to be.
  for (const pid of lanes) process.kill(pid, "SIGSTOP");
  await background.cutPower();
  const decoys = [
    decoy({ HOTDIR_CHILD_OF: mark.replace(/ \/.*$/s, " /somewhere/else") }),
    decoy({ HOTDIR_CHILD_OF: "nonsense" }),
    decoy({ HOTDIR_CHILD_OF: mark }, "ssh: /home/me/.ssh/master [mux]"),
    decoy({}),
  ];
  try {
    const sanity = await background.hotdir.ask("sanity");
    expect(sanity).toMatchObject({ status: 0, stderr: "" });
    for (const pid of lanes)
      expect(sanity.stdout).toContain(`repaired: ended ssh, process ${pid}, which a daemon that is gone had left behind`);
    expect(lanes.filter((pid) => isAlive(pid))).toEqual([]);
    expect(decoys.map(({ pid }) => isAlive(pid ?? 0))).toEqual(decoys.map(() => true));
    // Those of the daemon that runs now are none either.
    await waitUntil("lanes again", () => childrenOf(background.daemon ?? 0, "ssh").length > 0, { explain: () => background.log() });
    expect((await background.hotdir.ask("sanity")).stdout).toMatch(/^well: /);
    expect(childrenOf(background.daemon ?? 0, "ssh").length).toBeGreaterThan(0);
  } finally {
    for (const process of decoys) process.kill("SIGKILL");
  }
});

function decoy(env: Record<string, string>, argv0 = "sleep"): ReturnType<typeof spawn> {
  return spawn("sleep", ["600"], { stdio: "ignore", argv0, env: { PATH: process.env["PATH"] ?? "", ...env } });
}

function environmentOf(pid: number): string {
  return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/environ`, "utf8") : "";
}

function markOf(pid: number): string {
  const variable = environmentOf(pid)
    .split("\0")
    .find((text) => text.startsWith("HOTDIR_CHILD_OF="));
  return variable?.slice("HOTDIR_CHILD_OF=".length) ?? "";
}
