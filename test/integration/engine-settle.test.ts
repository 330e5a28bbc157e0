import { appendFileSync, closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, isThere, namesIn, writeFiles } from "./engine-world.ts";

test("a quiet time: a file that is appended to again and again is one version, sent when it rests", async () => {
  await using world = await makeWorld({ flow: { source: { settle: "1s" } } });
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  for (let line = 0; line < 10; line++) {
    appendFileSync(`${world.source}/log`, `line ${line}\n`);
    // The pauses are the subject: each shorter than the quiet time, together longer.
    await sleep(250);
  }
  expect(isThere(`${world.destination}/log`)).toBe(false);
  await world.hotdir.waitIdle(1);
  expect((await world.reader.seen()).map(({ path, sizeBytes }) => `${path} ${sizeBytes}`)).toEqual(["log 70"]);
  await expectSameTrees(world);
});

test("run --until-idle waits for quiet files, which become complete by themselves", async () => {
  await using world = await makeWorld({ flow: { source: { settle: "1s" } } });
  writeFiles(world.source, { a: "a", "d/b": "b" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
});

test("0s takes a file as it is found, also while it is held open", async () => {
  await using world = await makeWorld({ flow: { source: { settle: "0s" } } });
  const writer = openSync(`${world.source}/open`, "w");
  try {
    writeSync(writer, "so far");
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
    writeSync(writer, ", and more");
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
  } finally {
    closeSync(writer);
  }
});

test("a marker: a file is sent when its marker stands beside it, found or made later, and not before", async () => {
  await using world = await makeWorld({ flow: { source: { settle: { marker: ".done" } } } });
  writeFiles(world.source, { early: "early", "early.done": "", late: "late", "d/late": "late too" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(namesIn(world.destination).filter((name) => !name.endsWith(".done"))).toEqual(["d", "early"]);
  expect(isThere(`${world.destination}/d/late`)).toBe(false);
  expect((await world.hotdir.status()).flows[0]?.counts.settling).toBeGreaterThanOrEqual(2);
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  writeFileSync(`${world.source}/late.done`, "");
  writeFileSync(`${world.source}/d/late.done`, "");
  await expect.poll(() => isThere(`${world.destination}/late`) && isThere(`${world.destination}/d/late`), { timeout: 10_000 }).toBe(true);
});
