import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { spotless } from "../support/oracle.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";

const kills = bySize({ everyday: 4, ci: 15, long: 300 });

test(`${kills} kills of the lanes' ssh processes cost no attempt and no file`, { timeout: 300_000 + kills * 5_000 }, async () => {
  const random = new Random(chooseSeed("ssh-kill"));
  // Fewer attempts than kills: if a broken lane counted against a file, letters would be dead at the end.
  await using world = await makeWorld({ flow: { retry: { attempts: 2 }, destination: { segment_above: "2M" } } });
  world.hotdir.start();
  // Lanes that die young are replaced ever slower, so the kills may take minutes, and all that is written meanwhile must arrive then.
  const small = world.generate({ seed: random.between(1, 2 ** 30), operationsPerS: 30, sizesBytes: [0, 200_000] });
  const large = world.generate({
    seed: random.between(1, 2 ** 30),
    operationsPerS: 0.3,
    sizesBytes: [3_000_000, 12_000_000],
    ways: ["write"],
  });
  const { hotdir } = world;
  for (let kill = 0; kill < kills; kill += 1) {
    const lanes = await waitUntil("a lane", () => (hotdir.lanes().length > 0 ? hotdir.lanes() : null), { explain: () => hotdir.log() });
    await sleep(random.between(0, 700));
    for (const pid of random.chance(0.5) ? lanes : lanes.slice(0, 1)) killIfThere(pid);
  }
  await Promise.all([small.finish(), large.finish()]);
  // What the generators made meanwhile may be much, on a busy machine.
  await world.arrived(240_000);
  expect(await world.verdict()).toEqual(spotless);
  expect(await hotdir.dead()).toEqual([]);
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself a moment ago, which is as good.
  }
}
