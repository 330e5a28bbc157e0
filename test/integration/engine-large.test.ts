import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { expectSameTrees, writeFiles } from "./engine-world.ts";

const SIZE_BYTES = 64_000_000;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const LANES = 3;
/** Each lane has two parts under way, and what is under way may be sent again. */
const AGAIN_BYTES = LANES * 2 * SEGMENT_BYTES;
const PACE = { bandwidthBytesPerS: 24_000_000 };
/** Names, times and answers beside the bytes, and SSH's own. */
const OVERHEAD = 1.05;

async function makeLarge(title: string): Promise<World> {
  const world = await makeWorld({ proxied: true, flow: { destination: { segment_above: "1M", lanes: LANES } } });
  writeFiles(world.source, { large: new Random(chooseSeed(title)).fill(SIZE_BYTES) });
  await world.proxy.set(PACE);
  return world;
}

async function crossed(world: World, bytes: number): Promise<void> {
  await waitUntil(`${bytes} bytes`, async () => (await world.proxy.counts()).toServerBytes >= bytes, {
    everyMs: 20,
    explain: () => world.hotdir.log(),
  });
}

test("a large file that is cut off twice goes on where it was: only what was under way crosses again", async () => {
  await using world = await makeLarge("cut");
  world.hotdir.start("--until-idle");
  for (const part of [0.35, 0.7]) {
    await crossed(world, SIZE_BYTES * part);
    await world.proxy.reset();
  }
  await world.proxy.set({});
  expect((await world.hotdir.ended(60_000)).status, world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const { toServerBytes } = await world.proxy.counts();
  console.log(`cut twice: ${(toServerBytes / SIZE_BYTES).toFixed(2)} times the size crossed`);
  expect(toServerBytes).toBeLessThan(SIZE_BYTES * OVERHEAD + 2 * AGAIN_BYTES);
  expect(world.hotdir.log()).toMatch(/resuming "?large"?: [1-9]/);
});

test("a large file goes on after a SIGKILL of the daemon; a part that was changed meanwhile is found, and only that one sent again", async () => {
  await using world = await makeLarge("corrupted");
  world.hotdir.start();
  await crossed(world, SIZE_BYTES * 0.6);
  await world.hotdir.killHard();
  // What the killed ssh had in its windows may still be on its way: that is the part that is allowed for below.
  const before = (await world.proxy.counts()).toServerBytes;
  // One bit in the middle of the first part, which was acknowledged long before.
  flipBit(`${world.destination}/${readdirSync(world.destination)[0] ?? ""}`, SEGMENT_BYTES / 2);
  await world.proxy.set({});
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const { toServerBytes } = await world.proxy.counts();
  const kept = /resuming "?large"?: (\d+) of (\d+) parts/.exec(world.hotdir.log());
  expect(Number(kept?.[2]), world.hotdir.log()).toBeGreaterThan(1);
  expect(Number(kept?.[1])).toBe(Number(kept?.[2]) - 1);
  expect(toServerBytes).toBeLessThan(SIZE_BYTES * OVERHEAD + AGAIN_BYTES + SEGMENT_BYTES);
  expect(toServerBytes - before).toBeLessThan((SIZE_BYTES - Number(kept?.[1]) * SEGMENT_BYTES) * OVERHEAD + SEGMENT_BYTES);
});

function flipBit(file: string, at: number): void {
  const descriptor = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, at);
  writeSync(descriptor, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  closeSync(descriptor);
}
