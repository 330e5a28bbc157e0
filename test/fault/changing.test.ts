import { createHash } from "node:crypto";
import { appendFileSync, closeSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import type { Way } from "../support/manifest.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { makeWorld, type World } from "../support/world.ts";

const SIZE_BYTES = 6_000_000;
const SLOW = { bandwidthBytesPerS: 3_000_000 };

/** What happens to a file of which about a third is sent. */
const changes: Array<{ title: string; way: Way; change: (file: string) => void }> = [
  { title: "grows", way: "append", change: (file) => appendFileSync(file, Buffer.alloc(700_001, "grown")) },
  { title: "is truncated", way: "rewrite", change: (file) => truncateSync(file, 1_000_003) },
  { title: "is truncated and written anew", way: "rewrite", change: (file) => writeFileSync(file, Buffer.alloc(500_009, "anew")) },
  {
    title: "is written over in the middle",
    way: "rewrite",
    change: (file) => {
      const descriptor = openSync(file, "r+");
      writeSync(descriptor, Buffer.alloc(2_000_000, "middle"), 0, 2_000_000, 2_000_000);
      closeSync(descriptor);
    },
  },
  {
    title: "is replaced by a rename",
    way: "replace",
    change: (file) => {
      writeFileSync(`${file}.tmp`, Buffer.alloc(900_001, "other"));
      renameSync(`${file}.tmp`, file);
    },
  },
];

for (const { title, way, change } of changes) {
  test(`a file that ${title} while it is sent arrives as its last version, and nobody sees a mixture`, { timeout: 120_000 }, async () => {
    await using world = await makeWorld({ proxied: true });
    const file = `${world.source}/changing`;
    await sendHalf(world, file);
    change(file);
    noteFile(world, file, way);
    await world.proxy.set({});
    await world.arrived();
    expect(await world.verdict()).toEqual(spotless);
    expect(await world.hotdir.dead()).toEqual([]);
  });
}

test("a file that is deleted while it is sent leaves no part behind and is no failure", { timeout: 120_000 }, async () => {
  await using world = await makeWorld({ proxied: true });
  const file = `${world.source}/changing`;
  await sendHalf(world, file);
  rmSync(file);
  world.note({ event: "deleted", path: "changing" });
  await world.proxy.set({});
  await world.arrived();
  await expect.poll(async () => (await world.verdict()).strays, { timeout: 20_000 }).toEqual([]);
  expect(await world.verdict()).toEqual(spotless);
});

test("a file that its writer holds open is not touched, however long that takes", { timeout: 120_000 }, async () => {
  await using world = await makeWorld();
  world.hotdir.start();
  const writer = openSync(`${world.source}/long`, "w");
  writeSync(writer, "first part, ");
  const other = world.generate({ seed: chooseSeed("held open"), operationsPerS: 20, operations: 60, ways: ["write"] });
  await other.done;
  await world.hotdir.waitFor("the others delivered", ({ flows }) => flows.some(({ counts }) => counts.delivered >= 60));
  expect((await world.reader.seen()).filter(({ path }) => path === "long")).toEqual([]);
  writeSync(writer, "second part");
  closeSync(writer);
  noteFile(world, `${world.source}/long`, "append");
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
});

/** Returns when about a third of the file is under way, the rest comes slowly. */
async function sendHalf(world: World, file: string): Promise<void> {
  const random = new Random(chooseSeed("changing"));
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  // A first small file opens the lane, so that what the proxy counts from here on is the large one.
  writeFileSync(`${world.source}/first`, "opens the lane");
  noteFile(world, `${world.source}/first`, "write");
  await world.arrived();
  const before = (await world.proxy.set(SLOW)).toServerBytes;
  writeFileSync(`${file}.tmp`, random.fill(SIZE_BYTES));
  renameSync(`${file}.tmp`, file);
  noteFile(world, file, "tmp-rename");
  await expect
    .poll(async () => (await world.proxy.counts()).toServerBytes - before, { timeout: 30_000, interval: 20 })
    .toBeGreaterThan(SIZE_BYTES / 3);
}

function noteFile(world: World, file: string, way: Way): void {
  const bytes = readFileSync(file);
  const path = file.slice(world.source.length + 1);
  world.note({ event: "version", path, sha256: createHash("sha256").update(bytes).digest("hex"), sizeBytes: bytes.length, way });
}
