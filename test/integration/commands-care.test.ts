import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { type Templates, staged, useCommands } from "../support/commands-world.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { expectSameTrees, flowFact, isThere, rawReceipts, writeFiles } from "./engine-world.ts";

/** A far side that is a directory of this machine: what a command does there is the same, and quicker. */
const local: Templates = { transfer: "cp -p {batch} {dest}", remote: 'sh -c "{command}"' };

async function localWorld(commands: object = {}, more: Parameters<typeof useCommands>[2] = {}): Promise<World> {
  const world = await makeWorld({ destination: "file" });
  useCommands(world, { ...local, batch: 20, ...commands }, { flow: { retry: { attempts: 2, backoff: "10ms..20ms" } }, ...more });
  return world;
}

function program(world: World, name: string, script: string): string {
  writeFileSync(`${world.directory}/${name}`, `#!/bin/sh\n${script}\n`);
  chmodSync(`${world.directory}/${name}`, 0o755);
  return `${world.directory}/${name}`;
}

type Letter = { path: string; code: string; reason: string };
const deadOf = async (world: World): Promise<Letter[]> => JSON.parse((await world.hotdir.ask("dead", "--json")).stdout) as Letter[];

test.concurrent("a file that a tool refuses takes none of its batch along, and is a dead letter in the tool's words", async () => {
  await using world = await localWorld();
  const tool = program(
    world,
    "tool",
    'for f; do case $f in */bad) echo "no licence for bad" >&2; exit 3;; esac; d=$f; done\nexec cp -p "$@"',
  );
  useCommands(world, { ...local, transfer: `${tool} {batch} {dest}`, batch: 20 });
  for (const name of ["a", "bad", "c", "d"]) writeFiles(world.source, { [name]: name.repeat(100) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  expect((await deadOf(world)).map(({ path, code }) => `${path} ${code}`)).toEqual(["bad transfer-failed"]);
  expect((await deadOf(world))[0]!.reason).toMatch(/exit 3: no licence for bad/);
  expect(["a", "c", "d"].map((name) => readFileSync(`${world.destination}/${name}`, "utf8"))).toEqual(
    ["a", "c", "d"].map((name) => name.repeat(100)),
  );
  expect(staged(world)).toEqual([]);
});

test.concurrent("an exit status of 0 is no proof: what did not come, or came otherwise, is not published", async () => {
  await using world = await localWorld();
  const tool = program(world, "tool", 'd=$2; case $1 in */none) ;; */part) head -c 10 "$1" >"$d/part";; *) cp -p "$1" "$d";; esac');
  useCommands(world, { ...local, transfer: `${tool} {file} {dest}` });
  for (const name of ["none", "part", "whole"]) writeFiles(world.source, { [name]: name.repeat(50) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  expect((await deadOf(world)).map(({ path, code }) => `${path} ${code}`).toSorted()).toEqual([
    "none digest-unavailable",
    "part digest-mismatch",
  ]);
  expect([isThere(`${world.destination}/none`), isThere(`${world.destination}/part`), isThere(`${world.destination}/whole`)]).toEqual([
    false,
    false,
    true,
  ]);
});

test.concurrent("what this flow did not put there is never overwritten; its own older version is; the same bytes are found", async () => {
  await using world = await localWorld();
  mkdirSync(`${world.destination}/directory`);
  symlinkSync("/etc/passwd", `${world.destination}/link`);
  writeFiles(world.destination, { foreign: "another's", same: "the same" });
  writeFiles(world.source, { foreign: "ours", same: "the same", own: "first", directory: "a file", link: "a file" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
  expect((await deadOf(world)).map(({ path, code }) => `${path} ${code}`).toSorted()).toEqual([
    "directory exists",
    "foreign exists",
    "link exists",
  ]);
  expect((await deadOf(world)).find(({ path }) => path === "foreign")?.reason).toMatch(/this flow did not put there; move it away/);
  expect(readFileSync(`${world.destination}/foreign`, "utf8")).toBe("another's");
  expect((await rawReceipts(world)).map(({ path, method }) => `${String(path)} ${String(method)}`).toSorted()).toEqual([
    "own transferred",
    "same found",
  ]);
  writeFileSync(`${world.source}/own`, "second");
  rmSync(`${world.destination}/foreign`);
  expect((await world.hotdir.ask("retry", `${world.source}/foreign`)).status).toBe(0);
  await world.hotdir.runUntilIdle();
  expect(["own", "foreign"].map((name) => readFileSync(`${world.destination}/${name}`, "utf8"))).toEqual(["second", "ours"]);
});

test.concurrent("directories, links, renames and removals are made there by the remote command", async () => {
  await using world = await localWorld({}, { flow: { source: undefined } });
  const propagate = ["put", "rename", "link", "mkdir", "delete", "rmdir"];
  useCommands(world, { ...local, batch: 20 }, { flow: { source: { directory: world.source, propagate, rescan: "1s" } } });
  writeFiles(world.source, { "a b/c": "content", "a b/gone": "x", "d/e": "e" });
  mkdirSync(`${world.source}/empty; dir`);
  symlinkSync("../over\nthere", `${world.source}/a b/link`);
  world.hotdir.start();
  const same = async (): Promise<boolean> =>
    expectSameTrees(world).then(
      () => true,
      () => false,
    );
  await waitUntil("both trees to be the same", same, { everyMs: 200, explain: () => world.hotdir.log() });
  renameSync(`${world.source}/a b`, `${world.source}/$(moved)`);
  renameSync(`${world.source}/d/e`, `${world.source}/d/f"g`);
  rmSync(`${world.source}/$(moved)/gone`);
  rmSync(`${world.source}/empty; dir`, { recursive: true });
  await waitUntil("both trees to be the same", same, { everyMs: 200, explain: () => world.hotdir.log() });
  await world.hotdir.stop();
}, 60_000);

test.concurrent("a staging directory on another file system: bytes are copied beside the final name, compared, and renamed", async () => {
  await using world = await localWorld();
  const elsewhere = mkdtempSync(`${world.directory.startsWith("/dev/shm/") ? tmpdir() : "/dev/shm"}/hotdir-staging-`);
  try {
    useCommands(world, { ...local, batch: 20 }, { destination: { inflight: { staging: elsewhere } } });
    expect(statSync(elsewhere).dev).not.toBe(statSync(world.destination).dev);
    writeFiles(world.source, { "a/b": "first", c: "c" });
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    writeFileSync(`${world.source}/a/b`, "second");
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
    expect((await rawReceipts(world)).filter(({ kind }) => kind === "put").map(({ basis }) => basis)).toEqual(["digest", "digest"]);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test.concurrent("without a staging directory no part of a file is ever seen under its name", async () => {
  await using world = await localWorld();
  const tool = program(world, "tool", 'd=$2; head -c 100 "$1" >"$d/${1##*/}"; sleep 0.3; cp -p "$1" "$d"');
  useCommands(world, { ...local, transfer: `${tool} {file} {dest}` }, { destination: { inflight: ".tmp" } });
  writeFiles(world.source, { a: "a".repeat(5000), "d/b": "b".repeat(5000) });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const seen = (await world.reader.seen()).filter(({ path }) => !path.startsWith(".hotdir-"));
  expect(new Set(seen.map(({ sizeBytes }) => sizeBytes))).toEqual(new Set([5000]));
});

test.concurrent("a far side without a digest tool: receipts rest on the size, nothing is removed, and the flow says so", async () => {
  await using world = await localWorld({}, { flow: { retain: { hold: "held" } } });
  const bare = `${world.directory}/bare`;
  mkdirSync(bare);
  for (const tool of ["sh", "printf", "stat", "mv", "rm", "mkdir", "ln", "cp", "wc", "df", "rmdir", "sync"])
    symlinkSync(`/bin/${tool}`, `${bare}/${tool}`);
  useCommands(world, { ...local, remote: `env PATH=${bare} sh -c "{command}"` }, { flow: { retain: { hold: `${world.directory}/held` } } });
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1, 10_000);
  expect((await rawReceipts(world)).map(({ basis }) => basis)).toEqual(["size"]);
  expect(String(await flowFact(world, "notice"))).toMatch(/no tool for sha256: receipts rest on the size alone/);
  expect(isThere(`${world.source}/a`)).toBe(true);
  await world.hotdir.stop();
}, 30_000);

test.concurrent("a command in which nothing moves is ended with all that it began, and its file is tried again", async () => {
  await using world = await localWorld();
  const tool = program(
    world,
    "tool",
    `if [ ! -e ${world.directory}/once ]; then : >${world.directory}/once; sleep 60 & wait; fi; cp -p "$1" "$2"`,
  );
  useCommands(world, { ...local, transfer: `${tool} {file} {dest}`, timeout: "400ms" });
  writeFiles(world.source, { a: "a" });
  const begun = performance.now();
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(20_000);
  const story = (await world.hotdir.ask("explain", `${world.source}/a`)).stdout;
  expect(story).toMatch(/nothing moved for 0\.4 s, so it was ended/);
  await expectSameTrees(world);
});

test.concurrent.each(["{file}", "{batch}"])(
  "links that are followed to files of one name arrive each as its own, with %s",
  async (what) => {
    await using world = await makeWorld({ destination: "file" });
    const { source } = (JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: { source: object } } }).flows.world;
    const flow = { source: { ...source, symlinks: "follow" }, retry: { attempts: 1 } };
    useCommands(world, { transfer: `cp -p ${what} {dest}`, remote: 'sh -c "{command}"' }, { flow });
    for (const name of ["1", "2", "3"]) {
      writeFiles(world.directory, { [`runs/${name}/out.nc`]: `run ${name}` });
      symlinkSync(`${world.directory}/runs/${name}/out.nc`, `${world.source}/run${name}.nc`);
    }
    symlinkSync(`${world.directory}/runs/1/out.nc`, `${world.source}/again.nc`);
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    const there = ["again", "run1", "run2", "run3"].map((name) => readFileSync(`${world.destination}/${name}.nc`, "utf8"));
    expect(there).toEqual(["run 1", "run 1", "run 2", "run 3"]);
  },
);

test.concurrent("a file that changes while a command reads it is sent again, and never in parts of both", async () => {
  await using world = await localWorld();
  const tool = program(
    world,
    "tool",
    `cp -p "$1" "$2"; [ -e ${world.directory}/once ] || { : >${world.directory}/once; printf second >"$1"; }`,
  );
  useCommands(world, { ...local, transfer: `${tool} {file} {dest}` });
  writeFiles(world.source, { a: "first" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(readFileSync(`${world.destination}/a`, "utf8")).toBe("second");
  expect((await world.reader.seen()).map(({ sizeBytes }) => sizeBytes)).toEqual([6]);
});

test.concurrent("a version whose move nobody saw, since the daemon was killed right then, is known as our own when a newer one comes", async () => {
  await using world = await localWorld();
  const pidFile = `${world.directory}/pid`;
  const killer = `sh -c "$1" >${world.directory}/answer 2>&1; s=$?; if grep -q '^moved' ${world.directory}/answer && mkdir ${world.directory}/once; then kill -9 $(cat ${pidFile}); fi; cat ${world.directory}/answer; exit $s`;
  const far = program(world, "far", killer);
  useCommands(world, { ...local, remote: `${far} "{command}"` });
  writeFiles(world.source, { a: "first" });
  world.hotdir.start();
  writeFileSync(pidFile, String(world.hotdir.pid));
  expect((await world.hotdir.ended(15_000)).signal).toBe("SIGKILL");
  expect(readFileSync(`${world.destination}/a`, "utf8")).toBe("first");
  writeFileSync(`${world.source}/a`, "second");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(readFileSync(`${world.destination}/a`, "utf8")).toBe("second");
  expect(staged(world)).toEqual([]);
});

test.concurrent("a far side that is full costs no attempt, whatever tool says so: the flow waits", async () => {
  await using world = await localWorld();
  const full = `${world.directory}/full`;
  const tool = program(
    world,
    "tool",
    `if [ -e ${full} ]; then echo 'scp: write remote "a": No space left on device' >&2; exit 1; fi; cp -p "$1" "$2"`,
  );
  // One counted attempt would be a dead letter.
  useCommands(world, { ...local, transfer: `${tool} {file} {dest}` }, { flow: { retry: { attempts: 1 } } });
  writeFileSync(full, "");
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  const { flows } = await world.hotdir.waitFor("a flow that waits", (status) => status.flows[0]?.state === "waiting");
  expect(flows[0]).toMatchObject({
    counts: { queued: 1, dead: 0 },
    reason: expect.stringMatching(/no free space .*No space left on device/) as string,
  });
  rmSync(full);
  await world.hotdir.waitIdle(1);
  await expectSameTrees(world);
});
