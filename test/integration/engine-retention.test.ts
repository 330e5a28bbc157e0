import { expect, test } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { readTree, type Tree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld } from "../support/world.ts";
import { configure, isThere, namesIn, rawReceipts, writeFiles } from "./engine-world.ts";

const everything = ["put", "rename", "link", "mkdir", "delete", "rmdir"];

test.concurrent("hold: what was delivered moves to the holding area, beside a different file of that name, and the destination keeps all", async () => {
  await using world = await makeWorld();
  const held = `${world.directory}/held`;
  configure(world, (flow) => ({ world: { ...flow, source: { ...flow.source, propagate: everything }, retain: { hold: held } } }));
  writeFiles(held, { "run/a": "an older a" });
  writeFiles(world.source, { "run/a": "a", "run/deep/b c\n\u00ff": "b", top: "top" });
  const before = await readTree(world.source);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  // A second look, with what is gone by now.
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect([...(await readTree(world.destination))].filter(([, { kind }]) => kind === "f").length).toBe(3);
  for (const [path, entry] of await readTree(world.destination)) expect(entry.content, path).toBe(before.get(path)?.content);
  expect([...(await readTree(world.source))].filter(([, { kind }]) => kind !== "d")).toEqual([]);
  expect(readFileSync(`${held}/run/a`, "utf8")).toBe("an older a");
  expect(readFileSync(`${held}/run/a.~1~`, "utf8")).toBe("a");
  expect([...(await readTree(held)).keys()].toSorted()).toEqual(["run", "run/a", "run/a.~1~", "run/deep", "run/deep/b c\n\u00ff", "top"]);
});

test.concurrent("two flows on one source: nothing goes before each has its receipt, however long one destination is out of reach", async () => {
  await using world = await makeWorld({ proxied: true });
  configure(world, (flow) => ({
    far: { ...flow, retain: { delete_after: "0s" } },
    near: {
      ...flow,
      destination: { ...flow.destination, url: `file:${world.directory}/near`, ssh: undefined },
      retain: { delete_after: "0s" },
    },
  }));
  await world.proxy.set({ connections: "refuse" });
  writeFiles(world.source, { a: "a", "d/b": "b" });
  const before = await readTree(world.source);
  world.hotdir.start();
  const isAsked = (): boolean => world.hotdir.log().includes("stays in the source: not yet delivered by far");
  await waitUntil("a removal that was refused", isAsked, { explain: () => world.hotdir.log() });
  await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows.some(({ name, state }) => name === "far" && state === "waiting"));
  expect(await readTree(world.source)).toEqual(before);
  await world.proxy.set({});
  await waitUntil("both files gone", () => !isThere(`${world.source}/a`) && !isThere(`${world.source}/d/b`), {
    explain: () => world.hotdir.log(),
  });
  for (const place of [world.destination, `${world.directory}/near`]) {
    expect(contents(await readTree(place))).toEqual(contents(before));
  }
});

test.concurrent("a file that was rewritten after its receipt does not go on that receipt, but on the new version's", async () => {
  await using world = await makeWorld({ flow: { retain: { delete_after: "1s" } } });
  writeFiles(world.source, { a: "first", other: "other" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  writeFileSync(`${world.source}/a`, "second");
  world.hotdir.start();
  await waitUntil("an empty source", () => namesIn(world.source).length === 0, { explain: () => world.hotdir.log() });
  expect(readFileSync(`${world.destination}/a`, "utf8")).toBe("second");
  expect((await rawReceipts(world)).filter(({ path }) => path === "a").map(({ size }) => size)).toContain(6);
});

test.concurrent("with deletes propagated, our own removals, of directories too, delete nothing at the destination", async () => {
  const flow = { source: { propagate: everything, rescan: "1s" }, retain: { delete_after: "0s", empty_directories_after: "1s" } };
  await using world = await makeWorld({ flow });
  writeFiles(world.source, { "run/a": "a", "run/deep/b": "b", top: "top", "other/c": "c" });
  const wanted = [...(await readTree(world.source))].map(([path, { kind, content }]) => `${path} ${kind} ${content}`);
  world.hotdir.start();
  await waitUntil("an empty source", () => namesIn(world.source).length === 0, { explain: () => world.hotdir.log() });
  const later = world.hotdir;
  // One more delivery and removal, behind at least one rescan of the empty source.
  await later.waitIdle(1);
  writeFiles(world.source, { after: "after" });
  await waitUntil("the next file gone too", () => !isThere(`${world.source}/after`) && isThere(`${world.destination}/after`), {
    explain: () => later.log(),
  });
  await later.stop();
  expect(await later.runUntilIdle(), later.log()).toBe(0);
  const found = [...(await readTree(world.destination))]
    .filter(([path]) => path !== "after")
    .map(([path, { kind, content }]) => `${path} ${kind} ${content}`);
  expect(found.toSorted()).toEqual(wanted.toSorted());
  expect((await later.status()).flows[0]?.state).toBe("stopped");
});

/** Path and digest of every file. */
function contents(tree: Tree): string[] {
  return [...tree]
    .filter(([, { kind }]) => kind === "f")
    .map(([path, { content }]) => `${path} ${content}`)
    .toSorted();
}
