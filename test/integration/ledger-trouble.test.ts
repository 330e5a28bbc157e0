import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { hotdirProgram } from "../support/daemon.ts";
import { makeWorld } from "../support/world.ts";
import { expectSameTrees, namesIn, writeFiles } from "./engine-world.ts";

/** Holds the ledger's write lock, as a backup or a forgotten shell does. */
function lockLedger(stateDirectory: string): DatabaseSync {
  const sqlite = new DatabaseSync(`${stateDirectory}/ledger.sqlite`);
  sqlite.exec("BEGIN IMMEDIATE");
  return sqlite;
}

test.concurrent("a ledger that stays locked ends the daemon with what to do, the owner's lock is free, and the next run goes on", async () => {
  await using world = await makeWorld({ destination: "file" });
  writeFiles(world.source, { before: "before" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  {
    using held = lockLedger(world.place.stateDirectory);
    expect(held.isTransaction).toBe(true);
    writeFiles(world.source, { during: "during" });
    expect(await world.hotdir.ended(90_000)).toEqual({ status: 1, signal: null });
  }
  expect(world.hotdir.log()).toMatch(/stopping: write the ledger .*ledger\.sqlite: .*database is locked.*fuser.*start hotdir again/);
  expect(world.hotdir.log()).not.toMatch(/suppressed|^\s+at /m);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
}, 120_000);

test.concurrent("a lock of a few seconds, longer than any statement, is waited for", async () => {
  await using world = await makeWorld({ destination: "file" });
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  {
    using held = lockLedger(world.place.stateDirectory);
    expect(held.isTransaction).toBe(true);
    writeFiles(world.source, { a: "a" });
    await new Promise((resolve) => setTimeout(resolve, 8000));
  }
  await world.hotdir.waitIdle(1);
  expect(await world.hotdir.stop()).toBe(0);
  await expectSameTrees(world);
});

test.concurrent("nobody reads the log any more: files are delivered all the same", async () => {
  await using world = await makeWorld({ destination: "file" });
  const { configFile, stateDirectory, home } = world.place;
  const child = spawn(hotdirProgram, ["run", "-c", configFile, "--state-dir", stateDirectory], {
    env: { ...process.env, HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  try {
    await once(child.stderr, "data");
    child.stderr.destroy();
    for (const [at, name] of ["a", "b", "c"].entries()) {
      writeFiles(world.source, { [name]: name });
      await world.hotdir.waitIdle(at + 1);
    }
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(namesIn(world.destination)).toEqual(["a", "b", "c"]);
  } finally {
    child.kill("SIGKILL");
  }
});

test.concurrent("a ledger that is taken away, or put back from a backup, ends the daemon: what it wrote on would be kept nowhere", async () => {
  await using world = await makeWorld({ destination: "file" });
  const ledger = `${world.place.stateDirectory}/ledger.sqlite`;
  writeFiles(world.source, { before: "before" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  copyFileSync(ledger, `${ledger}.backup`);
  renameSync(`${ledger}.backup`, ledger);
  expect(await world.hotdir.ended(30_000)).toEqual({ status: 1, signal: null });
  expect(world.hotdir.log()).toMatch(/ledger\.sqlite.*the ledger was removed or replaced while the daemon ran; start hotdir again/);
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${ledger}${suffix}`, { force: true });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  rmSync(ledger);
  expect(await world.hotdir.ended(30_000)).toEqual({ status: 1, signal: null });
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
});
