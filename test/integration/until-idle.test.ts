import { expect, test } from "vitest";
import { makeWorld } from "../support/world.ts";
import { configure, isThere, writeFiles } from "./engine-world.ts";

test("a run that ends when idle says what it did not do for flows that are paused or stopped, whatever was seen before", async () => {
  await using world = await makeWorld({ destination: "file" });
  const { hotdir } = world;
  hotdir.start();
  await hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect((await hotdir.ask("pause", "world")).status).toBe(0);
  await hotdir.stop();
  writeFiles(world.source, Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`sub-${at % 7}/file-${at}`, "content"])));
  expect(await hotdir.runUntilIdle()).toBe(1);
  expect(hotdir.log()).toContain("world is paused, and 307 files wait: paused by hand");

  hotdir.start();
  await hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect((await hotdir.ask("stop", "world")).status).toBe(0);
  await hotdir.stop();
  expect(await hotdir.runUntilIdle()).toBe(1);
  expect(hotdir.log()).toContain("world is stopped, so nobody looked at what it has to deliver");
  // Neither of these is a way to undo a stop.
  for (const command of ["pause", "resume"]) {
    expect(await hotdir.ask(command, "world")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("'hotdir start world' runs it"),
    });
    expect((await hotdir.status()).flows[0]?.state).toBe("stopped");
  }
  expect(isThere(`${world.destination}/sub-0/file-0`)).toBe(false);
});

test("who asks for a reload while the daemon stops does not end it out of order", { timeout: 60_000 }, async () => {
  await using world = await makeWorld({ destination: "file" });
  const { hotdir } = world;
  configure(world, (flow) => ({ world: { ...flow, destination: { ...flow.destination, bandwidth: "1MB/s", segment_above: "1M" } } }));
  hotdir.start();
  writeFiles(world.source, { large: Buffer.alloc(60_000_000, 1) });
  await hotdir.waitFor("it under way", ({ flows }) => flows[0]?.counts.sending === 1);
  process.kill(hotdir.pid, "SIGTERM");
  // Some of them while work under way still has its time to end.
  const hangups = setInterval(() => process.kill(hotdir.pid, "SIGHUP"), 100);
  try {
    expect(await hotdir.ended(30_000)).toEqual({ status: 0, signal: null });
  } finally {
    clearInterval(hangups);
  }
});
