import { describe, expect, test } from "vitest";
import type { Lies } from "../support/lies.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { makeWorld } from "../support/world.ts";

type Kind = "flip" | "drop" | "truncate";
const kinds: Kind[] = ["flip", "drop", "truncate"];

/** Both ways to learn what the far side holds: a tool that runs there, and reading back. Small files may go past SFTP where there is a shell. */
const farSides: Array<{ lying: "with-shell" | "without-shell"; kinds: Kind[]; sizesBytes: [number, number] }> = [
  { lying: "with-shell", kinds, sizesBytes: [1_100_000, 3_000_000] },
  { lying: "without-shell", kinds: bySize({ everyday: ["flip"], ci: ["flip", "truncate"], long: kinds }), sizesBytes: [1, 1_500_000] },
];

const lie = (kind: Kind, every: number): Lies => ({ [`${kind}Every`]: every });

describe.each(farSides)("a far side that lies about writes, $lying", ({ lying, kinds: told, sizesBytes }) => {
  test.each(told)("%s: now and then is found, and the files are sent again until they are right", { timeout: 180_000 }, async (kind) => {
    await using world = await makeWorld({ lying, flow: { destination: { segment_above: "1M" } } });
    await world.liar.tell({ ...lie(kind, 7), liesMax: 3 });
    await using generator = world.generate({ seed: chooseSeed(`lying ${kind}`), operations: 30, sizesBytes });
    await generator.done;
    expect(await world.hotdir.runUntilIdle(120_000), world.hotdir.log()).toBe(0);
    expect(world.liar.told().length).toBeGreaterThan(0);
    expect(await world.verdict()).toEqual(spotless);
  });

  test.each(told)("%s: always becomes dead letters, and nothing appears under a final name", { timeout: 180_000 }, async (kind) => {
    await using world = await makeWorld({ lying, flow: { retry: { attempts: 2 } } });
    await world.liar.tell(lie(kind, 1));
    await using generator = world.generate({
      seed: chooseSeed(`always ${kind}`),
      operations: 5,
      sizesBytes,
      ways: ["write"],
    });
    await generator.done;
    expect(await world.hotdir.runUntilIdle(120_000), world.hotdir.log()).toBe(3);
    const dead = await world.hotdir.dead();
    expect(dead.map(({ path }) => path).toSorted()).toEqual(
      generator
        .manifest()
        .map(({ path }) => path)
        .toSorted(),
    );
    expect(new Set(dead.map(({ code }) => code))).toEqual(new Set(["digest-mismatch"]));
    expect(await world.hotdir.receipts()).toEqual([]);
    expect(await world.reader.seen()).toEqual([]);
    expect(await world.verdict()).toMatchObject({ lost: [], partial: [], falselyDelivered: [], unsafelyDeleted: [], conservation: [] });
  });
});

test("a source is never deleted on a far side's word alone", { timeout: 180_000 }, async () => {
  await using world = await makeWorld({ lying: "without-shell", flow: { retry: { attempts: 2 }, retain: { delete_after: "0s" } } });
  await world.liar.tell({ flipEvery: 3 });
  await using generator = world.generate({
    seed: chooseSeed("lying delete"),
    operations: 40,
    ways: ["write", "deep"],
    sizesBytes: [1, 50_000],
  });
  await generator.done;
  await world.hotdir.runUntilIdle(120_000);
  expect(world.liar.told().length).toBeGreaterThan(0);
  expect((await world.verdict({ retain: "remove" })).unsafelyDeleted).toEqual([]);
});
