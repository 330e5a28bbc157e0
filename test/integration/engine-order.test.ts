import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { endProgram, nextMessage, startProgram } from "../support/child.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize, testSize } from "../support/size.ts";
import { compareTrees, readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";

const flow = {
  source: { propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"], reject: [], rescan: "2s" },
  destination: { lanes: 4 },
};
const stormMs = bySize({ everyday: 3_000, ci: 5_000, long: 120_000 });

test("random puts, renames, deletes, directories and links leave equal trees behind", { timeout: 60_000 + 3 * stormMs }, async () => {
  await using world = await makeWorld({ flow });
  world.hotdir.start();
  await storm(world, { seed: chooseSeed("storm") }, async (ended) => ended);
  await expectConverged(world);
});

test("hard links that are found together are one file at the destination, also when one of them is made anew", async () => {
  await using world = await makeWorld({ flow });
  mkdirSync(`${world.source}/d`);
  for (const name of ["a", "b"]) writeFileSync(`${world.source}/${name}`, name);
  for (const name of ["a", "b"]) for (const at of ["1", "d/2"]) linkSync(`${world.source}/${name}`, `${world.source}/${at}${name}`);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const sorted = (directory: string): string[] =>
    linkedNames(directory)
      .map((names) => names.toSorted().join(" = "))
      .toSorted();
  expect(sorted(world.destination)).toEqual(["1a = a = d/2a", "1b = b = d/2b"]);
  rmSync(`${world.source}/a`);
  writeFileSync(`${world.source}/a`, "another");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(sorted(world.destination)).toEqual(sorted(world.source));
  expect(compareTrees(await readTree(world.source), await readTree(world.destination))).toEqual([]);
});

// A name that is now a file, now a directory: the removal in between may not have been seen. Not yet reliable, so
// that only the long runs, which are for finding faults, do it.
if (testSize === "long") {
  test("names that change their type as well leave equal trees behind", { timeout: 60_000 + 3 * stormMs }, async () => {
    await using world = await makeWorld({ flow });
    world.hotdir.start();
    await storm(world, { seed: chooseSeed("mixed storm"), types: "mixed" }, async (ended) => ended);
    await expectConverged(world);
  });
}

test("the same with the daemon killed and started in between", { timeout: 60_000 + 3 * stormMs }, async () => {
  await using world = await makeWorld({ flow });
  const seed = chooseSeed("storm with kills");
  const random = new Random(seed);
  world.hotdir.start();
  await storm(world, { seed }, async (ended) => {
    const over = new AbortController();
    void ended.finally(() => over.abort());
    while (!over.signal.aborted) {
      // The moment is the subject.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, random.between(300, 1_500)))]);
      await world.hotdir.killHard();
      world.hotdir.start();
    }
  });
  // What was made and removed while nobody looked is known to nobody (the limit that docs/design/invariants.md names at P5).
  await expectConverged(world, { strayEmptyDirectories: "may stay" });
});

async function storm(
  world: World,
  { seed, types = "apart" }: { seed: number; types?: "apart" | "mixed" },
  meanwhile: (ended: Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const child = startProgram("engine-storm.ts", [world.source, String(seed), String(stormMs), types]);
  try {
    const ended = nextMessage(child, (message): message is { done: number } => "done" in (message as object), stormMs + 20_000);
    await meanwhile(ended);
    expect((await ended).done).toBeGreaterThan(100);
  } finally {
    await endProgram(child);
  }
}

/** Within one rescan period and what the sending takes (P5). */
async function expectConverged(world: World, { strayEmptyDirectories = "are faults" } = {}): Promise<void> {
  const compare = async (): Promise<unknown[]> => {
    const destination = await readTree(world.destination);
    const holdsNothing = (path: string): boolean =>
      destination.get(path)?.kind === "d" && ![...destination].some(([below, { kind }]) => below.startsWith(`${path}/`) && kind !== "d");
    return compareTrees(await readTree(world.source), destination).filter(
      ({ path, difference }) => strayEmptyDirectories === "are faults" || difference !== "only at the destination" || !holdsNothing(path),
    );
  };
  let differences: unknown[] = [];
  await waitUntil(
    "equal trees",
    async () => {
      differences = await compare();
      return differences.length === 0;
    },
    { timeoutMs: 30_000, everyMs: 300, explain: () => `${JSON.stringify(differences, null, 1)}\n${world.hotdir.log()}` },
  );
  const status = await world.hotdir.waitIdle(1);
  expect(status.flows[0]?.counts.dead, world.hotdir.log()).toBe(0);
  // Never one file where the source has two: whoever writes into the one would change the other.
  const linked = linkedNames(world.source);
  for (const names of linkedNames(world.destination))
    expect(
      linked.some((group) => names.every((name) => group.includes(name))),
      names.join(" = "),
    ).toBe(true);
  expect(await compare()).toEqual([]);
}

/** The names of each file that has several, as `find` sees them. */
function linkedNames(directory: string): string[][] {
  const lines = execFileSync("find", [directory, "-type", "f", "-links", "+1", "-printf", "%i %P\\n"], { encoding: "latin1" }).split("\n");
  const byInode = new Map<string, string[]>();
  for (const line of lines.filter((found) => found !== "")) {
    const [inode = "", path = ""] = line.split(" ");
    byInode.set(inode, [...(byInode.get(inode) ?? []), path]);
  }
  return [...byInode.values()];
}
