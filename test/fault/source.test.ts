import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRoot } from "../support/mount.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed } from "../support/random.ts";
import { readTree, type Tree } from "../support/tree.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";

/** Deletes are propagated: whatever makes the source look empty would empty the other side. */
const dangerous: WorldOptions = {
  destination: "file",
  flow: { source: { propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"], rescan: "1s" } },
};

test(
  "a file that may not be read becomes a dead letter with its reason, holds up no other, and goes when it may",
  { timeout: 120_000 },
  async () => {
    await using world = await makeWorld({ destination: "file", withoutOverride: true, flow: { retry: { attempts: 2 } } });
    await using generator = world.generate({ seed: chooseSeed("unreadable"), operations: 30, ways: ["write", "deep"] });
    await generator.done;
    const [unreadable] = generator.manifest();
    const file = Buffer.from(`${world.source}/${unreadable?.path ?? ""}`, "latin1");
    chmodSync(file, 0o000);
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(3);
    expect(await world.hotdir.dead()).toMatchObject([
      { path: unreadable?.path, code: "source-unreadable", reason: expect.stringMatching(/\S/) },
    ]);
    expect(await world.verdict()).toMatchObject({ lost: [], partial: [], falselyDelivered: [] });
    chmodSync(file, 0o644);
    await world.hotdir.ask("retry", "--all");
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    expect(await world.verdict()).toEqual(spotless);
  },
);

test("a source root that vanishes halts the flow and empties nothing", { timeout: 120_000 }, async () => {
  await using world = await makeWorld(dangerous);
  const before = await deliver(world);
  renameSync(world.source, `${world.source}.away`);
  await expectHalted(world, before);
});

test("a source root that was removed with all that was in it halts the flow and empties nothing", { timeout: 120_000 }, async () => {
  await using world = await makeWorld(dangerous);
  const before = await deliver(world);
  await world.hotdir.stop();
  rmSync(world.source, { recursive: true });
  world.hotdir.start();
  await expectHalted(world, before);
});

test("another directory in the place of the source root halts the flow and empties nothing", { timeout: 120_000 }, async () => {
  await using world = await makeWorld(dangerous);
  const before = await deliver(world);
  await world.hotdir.stop();
  renameSync(world.source, `${world.source}.away`);
  mkdirSync(world.source);
  world.hotdir.start();
  await expectHalted(world, before);
});

test("a source that was emptied while nobody looked halts the flow and empties nothing", { timeout: 120_000 }, async () => {
  await using world = await makeWorld(dangerous);
  const before = await deliver(world);
  await world.hotdir.stop();
  for (const path of (await readTree(world.source)).keys())
    rmSync(Buffer.from(`${world.source}/${path}`, "latin1"), { recursive: true, force: true });
  world.hotdir.start();
  await expectHalted(world, before);
});

// Mounting needs root; CI has it. Another directory in the place of the root is the same fault for everybody else.
if (isRoot) {
  for (const running of [true, false]) {
    test(
      `a source that is unmounted while the daemon ${running ? "runs" : "is stopped"} halts the flow and empties nothing`,
      { timeout: 120_000 },
      async () => {
        await using world = await makeWorld({ ...dangerous, mounts: { source: "64m" } });
        const before = await deliver(world);
        if (!running) await world.hotdir.stop();
        world.mounts.source?.unmount();
        if (!running) world.hotdir.start();
        await expectHalted(world, before);
        // What somebody writes below the bare mount point is not for the other side.
        writeFileSync(`${world.source}/stray`, "below the mount point");
        await expectHalted(world, before);
      },
    );
  }
} else {
  console.warn("source.test.ts: not root, so an unmounted source is tested by another directory in its place alone");
}

/** Delivers some files with the daemon left running; returns what the destination holds. */
async function deliver(world: World): Promise<Tree> {
  world.hotdir.start();
  const generator = world.generate({
    seed: chooseSeed("source"),
    operations: 25,
    ways: ["write", "deep"],
    sizesBytes: [1, 20_000],
  });
  await generator.done;
  await world.arrived();
  const tree = await readTree(world.destination);
  expect(tree.size).toBeGreaterThan(20);
  return tree;
}

async function expectHalted(world: World, before: Tree): Promise<void> {
  const status = await world.hotdir.waitFor("a halted flow", ({ flows }) => flows[0]?.state === "halted");
  expect(status.flows[0]?.reason).toMatch(/\S/);
  expect(await readTree(world.destination)).toEqual(before);
}
