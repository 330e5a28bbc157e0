import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { spotless } from "../support/oracle.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { makeWorld } from "../support/world.ts";

/** A lane that hears nothing notices within 3 s rather than within a minute, and one that is not answered when it opens in as many rather than in 15. */
const impatient = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2", "-o", "ConnectTimeout=3"];
const fewAttempts = { retry: { attempts: 2 } };

test("connections that are reset again and again cost no attempt and no file", { timeout: 180_000 }, async () => {
  const random = new Random(chooseSeed("network resets"));
  await using world = await makeWorld({ proxied: true, flow: fewAttempts });
  const generator = world.generate({ seed: random.seed, operationsPerS: 80 });
  world.hotdir.start();
  const resets = bySize({ everyday: 5, ci: 15, long: 200 });
  let reset = 0;
  for (let round = 0; round < resets; round += 1) {
    await sleep(random.between(50, 800));
    reset = (await world.proxy.reset()).reset;
  }
  expect(reset).toBeGreaterThan(0);
  await generator.finish();
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
  expect(await world.hotdir.dead()).toEqual([]);
});

test("a network that holds everything back for seconds delays files and harms none", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ proxied: true, flow: fewAttempts });
  const generator = world.generate({ seed: chooseSeed("network stall"), operationsPerS: 60 });
  world.hotdir.start();
  await world.hotdir.waitFor("a first delivery", ({ flows }) => flows.some(({ counts }) => counts.delivered > 0));
  for (let stall = 0; stall < bySize({ everyday: 1, ci: 3, long: 20 }); stall += 1) {
    await world.proxy.set({ bytes: "stall" });
    await sleep(2_000);
    await world.proxy.set({});
    await sleep(500);
  }
  await generator.finish();
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
  expect(await world.hotdir.dead()).toEqual([]);
});

test("a network that swallows everything is noticed, and the lanes are replaced", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ proxied: true, sshArguments: impatient, flow: fewAttempts });
  const generator = world.generate({ seed: chooseSeed("network black hole"), operationsPerS: 60 });
  world.hotdir.start();
  await world.hotdir.waitFor("a first delivery", ({ flows }) => flows.some(({ counts }) => counts.delivered > 0));
  const before = await world.proxy.set({ bytes: "black-hole" });
  await expect.poll(async () => (await world.proxy.counts()).accepted, { timeout: 60_000, interval: 200 }).toBeGreaterThan(before.accepted);
  await world.proxy.set({});
  await generator.finish();
  await world.arrived(90_000);
  // What the dead connections held may still arrive; it is tidied away within a round or two.
  await expect.poll(async () => await world.verdict(), { timeout: 30_000, interval: 1000 }).toEqual(spotless);
  expect(await world.hotdir.dead()).toEqual([]);
});

test("an outage that outlasts a reboot: the flow waits, says so, and goes on by itself", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ proxied: true, flow: fewAttempts });
  await world.proxy.set({ connections: "refuse" });
  await using generator = world.generate({ seed: chooseSeed("network outage"), operations: 60 });
  await generator.done;
  const { hotdir } = world;
  for (let boot = 0; boot < 2; boot += 1) {
    hotdir.start();
    const status = await hotdir.waitFor("a waiting flow", ({ flows }) => flows[0]?.state === "waiting");
    expect(status.flows[0]?.reason).toMatch(/\S/);
    expect(status.flows[0]?.counts.delivered).toBe(0);
    await hotdir.killHard();
  }
  hotdir.start();
  await hotdir.waitFor("a waiting flow", ({ flows }) => flows[0]?.state === "waiting");
  await world.proxy.set({});
  await world.arrived(90_000);
  expect(await world.verdict()).toEqual(spotless);
  expect(await hotdir.dead()).toEqual([]);
});

test("a file that is larger than what any connection lives through arrives in parts", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ proxied: true, flow: { ...fewAttempts, destination: { segment_above: "4M", lanes: 2 } } });
  await using generator = world.generate({
    seed: chooseSeed("network cut"),
    operations: 1,
    sizesBytes: [96_000_000, 96_000_001],
    ways: ["write"],
  });
  await generator.done;
  await world.proxy.set({ cutAfterBytes: 25_000_000 });
  world.hotdir.start();
  await world.arrived(120_000);
  const counts = await world.proxy.counts();
  expect(counts.reset).toBeGreaterThan(1);
  expect(await world.verdict()).toEqual(spotless);
  // Sent once, and at most what was under way at each break a second time.
  expect(counts.toServerBytes, JSON.stringify(counts)).toBeLessThan(96_000_000 * 1.1 + (counts.reset + 1) * 20_000_000);
});
