import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { spotless } from "../support/oracle.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { configure, expectSameTrees, namesIn, writeFiles } from "./engine-world.ts";

const load = { operations: 60, sizesBytes: [0, 1_500_000] as [number, number], ways: ["write", "deep", "tmp-rename"] as const };

test("an absolute staging directory: nothing but final names is ever seen in the destination, and nothing stays in it", async () => {
  await using world = await makeWorld();
  const staging = `${world.directory}/staging`;
  configure(world, (flow) => ({ world: { ...flow, destination: { ...flow.destination, inflight: { staging }, segment_above: "1M" } } }));
  await using generator = world.generate({ seed: chooseSeed("absolute staging"), ...load });
  await generator.done;
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  // The reader looks at every name that does not end in .tmp, and no staged name does.
  expect(await world.verdict()).toEqual(spotless);
  expect(namesIn(staging)).toEqual([]);
});

test("a relative staging directory lies in the destination, and all that is not final stays inside of it", async () => {
  await using world = await makeWorld();
  configure(world, (flow) => ({ world: { ...flow, destination: { ...flow.destination, inflight: { staging: ".staging" } } } }));
  await using generator = world.generate({ seed: chooseSeed("relative staging"), ...load });
  await generator.done;
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const final = new Set(generator.manifest().map(({ path }) => path));
  const seen = (await world.reader.seen()).map(({ path }) => path).filter((path) => !path.startsWith(".staging/"));
  expect(seen.filter((path) => !final.has(path))).toEqual([]);
  expect(new Set(seen)).toEqual(final);
  expect(namesIn(`${world.destination}/.staging`)).toEqual([]);
});

test("what an interrupted attempt left is removed when its file is gone; what others left with that suffix stays", async () => {
  await using world = await makeWorld({ proxied: true, flow: { destination: { segment_above: "1M" } } });
  const theirs = { "theirs.tmp": "theirs", "sub/gone.abcde-1-1.tmp": "looks like ours", "gone.tmp": "an old tool's" };
  writeFiles(world.destination, theirs);
  writeFiles(world.source, { gone: new Random(chooseSeed("left over")).fill(12_000_000) });
  await world.proxy.set({ bandwidthBytesPerS: 4_000_000 });
  world.hotdir.start();
  await waitUntil("a part of it", () => namesIn(world.destination).some((name) => /^gone\..+-.+-.+\.tmp$/.test(name)));
  await world.hotdir.killHard();
  rmSync(`${world.source}/gone`);
  await world.proxy.set({});
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const files = [...(await readTree(world.destination))].filter(([, { kind }]) => kind === "f").map(([path]) => path);
  expect(files.toSorted()).toEqual(Object.keys(theirs).toSorted());
});

test("without a reject, files that are named as others' inflight names are delivered beside them", async () => {
  await using world = await makeWorld({ flow: { source: { reject: [] } } });
  mkdirSync(`${world.destination}/d`);
  const large = new Random(chooseSeed("names of inflight files")).fill(2_000_000);
  writeFiles(world.source, {
    a: "a",
    "a.tmp": "a.tmp",
    "a.tmp.tmp": "a.tmp.tmp",
    ".tmp": "bare",
    "d/b": large,
    "d/b.tmp": large.subarray(5),
  });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
});
