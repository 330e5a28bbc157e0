import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { spotless } from "../support/oracle.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { flowFact, isThere, writeFiles } from "./engine-world.ts";

test("SIGTERM in the middle of large and small files ends within 15 s, loses nothing, and the next run completes", async () => {
  await using world = await makeWorld({ proxied: true, flow: { destination: { segment_above: "1M" } } });
  const seed = chooseSeed("stop");
  await using small = world.generate({ seed, operations: 400, sizesBytes: [0, 60_000], ways: ["write", "deep"] });
  await using large = world.generate({ seed: seed + 1, operations: 2, sizesBytes: [60_000_000, 60_000_001], ways: ["write"] });
  await Promise.all([small.done, large.done]);
  await world.proxy.set({ bandwidthBytesPerS: 2_000_000 });
  world.hotdir.start("--until-idle");
  await waitUntil("bytes under way", async () => (await world.proxy.counts()).toServerBytes > 3_000_000, {
    explain: () => world.hotdir.log(),
  });
  // The worst that can be under way: nothing is answered any more.
  await world.proxy.set({ bytes: "stall" });
  const startedMs = performance.now();
  const status = await world.hotdir.stop(15_000);
  console.log(`SIGTERM under load: ended after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  expect(status).toBe(130);
  const { counts } = (await world.hotdir.status()).flows[0]!;
  expect(counts).toMatchObject({ sending: 0, dead: 0 });
  expect(counts.queued).toBeGreaterThan(0);
  await world.proxy.set({});
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(await world.verdict()).toEqual(spotless);
});

test("from close to published, on an idle daemon over ssh, the median is well below a second", async () => {
  await using world = await makeWorld();
  world.hotdir.start();
  await waitUntil("a lane", async () => ((await flowFact(world, "lanes")) as { open: number }).open > 0);
  const random = new Random(chooseSeed("latency"));
  const latenciesMs: number[] = [];
  for (let at = 0; at < 15; at++) {
    writeFiles(world.source, { [`f${at}`]: random.fill(4_096) });
    const startedMs = performance.now();
    await waitUntil("the file", () => isThere(`${world.destination}/f${at}`), { everyMs: 1 });
    latenciesMs.push(performance.now() - startedMs);
    // Idle again: nothing of the last one is under way.
    await sleep(100);
  }
  const sorted = latenciesMs.toSorted((a, b) => a - b).map((ms) => Math.round(ms));
  const median = sorted[7] ?? Infinity;
  console.log(`latency over ssh, 4 KiB: median ${median} ms, least ${String(sorted[0])} ms, most ${String(sorted.at(-1))} ms`);
  expect(median).toBeLessThan(500);
});
