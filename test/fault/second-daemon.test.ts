import { expect, test } from "vitest";
import { isAlive } from "../support/processes.ts";
import { spotless } from "../support/oracle.ts";
import { chooseSeed } from "../support/random.ts";
import { makeWorld } from "../support/world.ts";

test("a second daemon on the same state is refused with status 5, and the first goes on", { timeout: 120_000 }, async () => {
  await using world = await makeWorld({ destination: "file" });
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  const first = world.hotdir.pid;
  const second = await world.hotdir.ask("run");
  expect(second).toMatchObject({ status: 5, stdout: "" });
  expect(second.stderr).toContain(String(first));
  expect(isAlive(first)).toBe(true);
  const generator = world.generate({ seed: chooseSeed("second daemon"), operations: 20 });
  await generator.done;
  await world.arrived();
  expect(await world.verdict()).toEqual(spotless);
});

test("a daemon that was killed leaves no lock behind", { timeout: 120_000 }, async () => {
  await using world = await makeWorld({ destination: "file" });
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  await world.hotdir.killHard();
  const status = await world.hotdir.status();
  expect(status.daemon.running).toBe(false);
  world.hotdir.start();
  await world.hotdir.waitFor("the next daemon", ({ daemon }) => daemon.running && daemon.pid === world.hotdir.pid);
  expect(await world.hotdir.stop()).toBe(0);
});
