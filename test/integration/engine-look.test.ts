import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeWorld, type World } from "../support/world.ts";
import { expectSameTrees, writeFiles } from "./engine-world.ts";

test("a far side that offers to tell its space and then refuses is sent to all the same, and is not asked without end", async () => {
  await using world = await makeWorld({ lying: "with-shell" });
  await world.liar.tell({ hidesSpace: true });
  writeFiles(world.source, { a: "a", "d/b": "b" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
  const asked = world.liar.told().filter(({ lie }) => lie === "space").length;
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(20);
});

/** What only a clock changes: that all which is in the ledger happened so long ago. */
function inLedger<T>(world: World, work: (sqlite: DatabaseSync) => T): T {
  const sqlite = new DatabaseSync(`${world.place.stateDirectory}/ledger.sqlite`);
  try {
    return work(sqlite);
  } finally {
    sqlite.close();
  }
}

test("what an earlier run left is looked for by the next ones until its connections are surely gone, then no more", async () => {
  await using world = await makeWorld({ destination: "file" });
  writeFiles(world.source, { a: "a" });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  const littered = (): unknown => inLedger(world, (sqlite) => sqlite.prepare("SELECT litter FROM transfer").get());
  inLedger(world, (sqlite) => sqlite.exec("UPDATE transfer SET litter = 1"));
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(littered()).toEqual({ litter: 1 });
  inLedger(world, (sqlite) =>
    sqlite.exec("UPDATE transfer SET ended_at = ended_at - 100000; UPDATE attempt SET ended_at = ended_at - 100000"),
  );
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(littered()).toEqual({ litter: 0 });
});
