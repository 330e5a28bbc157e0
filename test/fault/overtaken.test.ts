import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeWorld, type World } from "../support/world.ts";

/**
 * As a kill leaves it between the publish at the destination and the receipt in the ledger, of a version whose source
 * is removed before the next start: nobody can prove any more what is there, and the older receipt is not true.
 */
async function killedAfterPublish(world: World, published: string): Promise<void> {
  const { hotdir, source, destination, directory } = world;
  writeFileSync(`${source}/a`, "first");
  hotdir.start();
  await hotdir.waitIdle(1);
  expect((await hotdir.ask("pause", "world")).status).toBe(0);
  writeFileSync(`${source}/a`, "second");
  await hotdir.waitFor("the second version in the queue", ({ flows }) => flows[0]?.counts.queued === 1);
  await hotdir.killHard();
  using db = new DatabaseSync(`${directory}/state/ledger.sqlite`);
  db.exec(
    "UPDATE transfer SET state = 'sending', run = (SELECT max(id) FROM run), due_at = NULL, attempt = 1, litter = 1 WHERE state = 'queued'",
  );
  writeFileSync(`${directory}/published`, published);
  copyFileSync(`${directory}/published`, `${destination}/a`);
  rmSync(`${source}/a`);
  expect((await hotdir.ask("resume", "world")).status).toBe(0);
}

test("a receipt does not stand once a kill left other bytes than it tells under the final name", async () => {
  await using world = await makeWorld({ destination: "file" });
  await killedAfterPublish(world, "second");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(await world.hotdir.receipts()).toEqual([]);
  expect((await world.hotdir.ask("explain", `${world.source}/a`)).stdout).toContain("that receipt does not stand any more");
  // What comes after that is proved as ever.
  writeFileSync(`${world.source}/a`, "third");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(await world.hotdir.receipts()).toMatchObject([{ path: "a", kind: "put" }]);
});

test("a receipt stands where the kill came before the publish", async () => {
  await using world = await makeWorld({ destination: "file" });
  await killedAfterPublish(world, "first");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(await world.hotdir.receipts()).toMatchObject([{ path: "a", kind: "put" }]);
});
