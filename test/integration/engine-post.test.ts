import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hotdirProgram } from "../support/daemon.ts";
import { compareTrees, readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, expectSameTrees, isThere, writeFiles } from "./engine-world.ts";

/** A flow that takes what is posted, with its absolute path below the destination: what `sr3_post` of a file outside of the hot directory does. */
async function makePosted(): Promise<World & { data: string; appended: string }> {
  const world = await makeWorld();
  const data = `${world.directory}/home bob/data`;
  mkdirSync(data, { recursive: true });
  configure(world, (flow) => ({ queue: { ...flow, source: { posts: true, reject: flow.source["reject"] } } }));
  return Object.assign(world, { data, appended: `${world.destination}${data}` });
}

test("posted to a running daemon, a file and a tree appear with their absolute paths below the destination", async () => {
  await using world = await makePosted();
  writeFiles(world.data, {
    "1stfile": "lala",
    "tree/a": "a",
    "tree/b/c \u00ff\n": "c",
    "tree/working.tmp": "not for anybody",
    other: "never named",
  });
  symlinkSync("a", `${world.data}/tree/link`);
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  const first = await world.hotdir.ask("post", `${world.data}/1stfile`);
  expect(first, first.stderr).toMatchObject({ status: 0, stdout: "1 change queued\n" });
  await waitUntil("the file", () => isThere(`${world.appended}/1stfile`), { explain: () => world.hotdir.log() });
  expect(await world.hotdir.ask("post", "-f", "queue", `${world.data}/tree`)).toMatchObject({ status: 0 });
  await waitUntil(
    "the tree",
    async () =>
      compareTrees(await readTree(`${world.data}/tree`), await readTree(`${world.appended}/tree`), { ignore: /\.tmp$/ }).length === 0,
    {
      explain: () => world.hotdir.log(),
    },
  );
  expect(isThere(`${world.appended}/other`)).toBe(false);
  const again = await world.hotdir.ask("post", `${world.data}/1stfile`);
  expect(again.stdout).toMatch(/nothing new/);
  writeFileSync(`${world.data}/1stfile`, "lala, once more");
  expect((await world.hotdir.ask("post", `${world.data}/1stfile`)).stdout).toBe("1 change queued\n");
  await world.hotdir.waitIdle(2);
  expect((await readTree(world.appended)).get("1stfile")?.sizeBytes).toBe(15);
});

test("posted to no daemon, names wait in the ledger for the next one; a name that is not there is told, and is status 1", async () => {
  await using world = await makePosted();
  writeFiles(world.data, { a: "a" });
  const outcome = await world.hotdir.ask("post", `${world.data}/a`, `${world.data}/missing`);
  expect(outcome.status).toBe(1);
  expect(outcome.stdout).toMatch(/1 change queued; sent when hotdir runs/);
  expect(outcome.stderr).toMatch(/missing: there is nothing of this name/);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect((await readTree(world.appended)).get("a")?.sizeBytes).toBe(1);
});

test("names come from standard input with NUL after each, also those that are no text", async () => {
  await using world = await makePosted();
  writeFiles(world.data, { "new\nline": "1", "not-utf8-\u00ff\u00fe": "2", "-rf": "3", "left out": "4" });
  const names = execFileSync("find", [world.data, "-type", "f", "!", "-name", "left out", "-print0"]);
  const args = ["post", "-c", world.place.configFile, "--state-dir", world.place.stateDirectory, "-"];
  const posted = spawnSync(hotdirProgram, args, { input: names, encoding: "utf8", env: { ...process.env, HOME: world.place.home } });
  expect(posted, posted.stderr).toMatchObject({ status: 0 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const differences = compareTrees(await readTree(world.data), await readTree(world.appended));
  expect(differences).toEqual([{ path: "left out", difference: "missing" }]);
});

test("a watched flow takes posts as well, and sends nothing twice", async () => {
  await using world = await makeWorld();
  writeFiles(world.source, { a: "a", "d/b": "b" });
  expect(await world.hotdir.ask("post", world.source)).toMatchObject({ status: 0 });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const status = await world.hotdir.status();
  expect(status.flows[0]?.counts).toMatchObject({ seen: 3, delivered: 3 });
});
