import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRoot } from "../support/mount.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed } from "../support/random.ts";
import { makeWorld } from "../support/world.ts";

/** Together about 12 MB, in pieces that a small file system takes some of. */
const load = { operations: 60, sizesBytes: [100_000, 400_000] as [number, number], ways: ["write", "deep"] as const };
const fewAttempts = { retry: { attempts: 2 }, destination: { keep_free: "0%" } };

test("a quota that is used up: the flow waits without burning attempts, and goes on when there is room", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ lying: "with-shell", flow: fewAttempts });
  await world.liar.tell({ quota: { root: world.destination, bytes: 2_000_000 } });
  await using generator = world.generate({
    seed: chooseSeed("quota"),
    // Where there is a shell, small files may go past SFTP, and past the quota's stand-in.
    operations: 10,
    sizesBytes: [1_100_000, 1_500_000],
    ways: ["write"],
  });
  await generator.done;
  world.hotdir.start();
  const status = await world.hotdir.waitFor("a flow that waits for room", ({ flows }) => flows[0]?.state === "waiting", 60_000);
  expect(status.flows[0]?.reason).toMatch(/space|full|room/);
  await world.liar.tell({});
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
  expect(await world.hotdir.dead()).toEqual([]);
});

// A file system of one's own needs root; CI has it. The quota above is the same fault for everybody else.
if (isRoot) {
  for (const destination of ["sftp", "file"] as const) {
    test(`a full file system (${destination}): the flow waits, and goes on when it has grown`, { timeout: 180_000 }, async () => {
      await using world = await makeWorld({ destination, mounts: { destination: "3m" }, flow: fewAttempts });
      await using generator = world.generate({ seed: chooseSeed(`full ${destination}`), ...load });
      await generator.done;
      world.hotdir.start();
      const status = await world.hotdir.waitFor("a flow that waits for room", ({ flows }) => flows[0]?.state === "waiting", 60_000);
      expect(status.flows[0]?.reason).toMatch(/space|full|room/);
      world.mounts.destination?.resize("64m");
      await world.arrived();
      expect(await world.verdict()).toEqual(spotless);
      expect(await world.hotdir.dead()).toEqual([]);
    });
  }

  test(
    "a file system that somebody else fills while files are sent holds no part of a file under a final name",
    { timeout: 180_000 },
    async () => {
      await using world = await makeWorld({ mounts: { destination: "16m" }, flow: fewAttempts });
      const generator = world.generate({
        seed: chooseSeed("filled by others"),
        operationsPerS: 60,
        sizesBytes: [10_000, 300_000],
        ways: ["write"],
      });
      world.hotdir.start();
      await world.hotdir.waitFor("a first delivery", ({ flows }) => flows.some(({ counts }) => counts.delivered > 0));
      const ballast = `${world.destination}/ballast.tmp`;
      expect(() => writeFileSync(ballast, Buffer.alloc(16_000_000))).toThrow(/ENOSPC/);
      await world.hotdir.waitFor("a flow that waits for room", ({ flows }) => flows[0]?.state === "waiting", 60_000);
      await generator.finish();
      rmSync(ballast);
      world.mounts.destination?.resize("256m");
      await world.arrived();
      expect(await world.verdict()).toEqual(spotless);
      expect(await world.hotdir.dead()).toEqual([]);
    },
  );
} else {
  console.warn("full.test.ts: not root, so a full file system is tested by a quota alone");
}
