import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { newWays } from "../support/manifest.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";

/** One world takes so many kills; more are spread over several, so that the trees stay small enough to be read. */
const KILLS_PER_WORLD = 50;

const worlds = [
  {
    title: "over SSH",
    kills: bySize({ everyday: 3, ci: 16, long: 600 }),
    retain: "keep",
    options: { destination: "sftp", flow: { destination: { segment_above: "2M" } } },
  },
  {
    title: "over SSH, with sources deleted on receipt",
    kills: bySize({ everyday: 1, ci: 6, long: 200 }),
    retain: "remove",
    options: { destination: "sftp", flow: { retain: { delete_after: "0s" } } },
  },
  {
    title: "to a mounted directory",
    kills: bySize({ everyday: 1, ci: 6, long: 200 }),
    retain: "keep",
    options: { destination: "file" },
  },
] as const satisfies Array<{ title: string; kills: number; retain: "keep" | "remove"; options: WorldOptions }>;

describe("kill -9 of the daemon at random moments under load", () => {
  for (const { title, kills, retain, options } of worlds) {
    for (let first = 0; first < kills; first += KILLS_PER_WORLD) {
      const count = Math.min(KILLS_PER_WORLD, kills - first);
      test(`${title}: ${count} kills (from ${first}) lose, tear and remove nothing`, { timeout: 120_000 + count * 6_000 }, async () => {
        const random = new Random(chooseSeed(`kill ${title}`));
        await using world = await makeWorld(options);
        await loadAndKill(world, random, count, retain);
        expect(await world.hotdir.runUntilIdle(90_000), world.hotdir.log()).toBe(0);
        expect(await world.verdict({ retain })).toEqual(spotless);
        expect(await world.hotdir.dead()).toEqual([]);
      });
    }
  }
});

async function loadAndKill(world: World, random: Random, kills: number, retain: "keep" | "remove"): Promise<void> {
  const seed = random.between(1, 2 ** 30);
  // Where sources go by themselves, the generator cannot change what it wrote before.
  const ways = retain === "remove" ? { ways: newWays } : {};
  const small = world.generate({ seed, operationsPerS: 80, sizesBytes: [0, 200_000], ...ways });
  const large = world.generate({ seed: seed + 1, operationsPerS: 1, sizesBytes: [3_000_000, 12_000_000], ways: ["tmp-rename"] });
  for (let kill = 0; kill < kills; kill += 1) {
    world.hotdir.start();
    // Kills that never met a delivery would prove nothing.
    if (kill === 0)
      await waitUntil("a first delivery", async () => (await world.reader.seen()).length > 0, { explain: () => world.hotdir.log() });
    // From the middle of the start to well into the sending; the moment is the subject, so nothing is awaited.
    await sleep(random.between(100, 2_200));
    await world.hotdir.killHard();
  }
  await Promise.all([small.finish(), large.finish()]);
}
