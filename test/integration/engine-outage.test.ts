import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { expectSameTrees, flowFact, writeFiles } from "./engine-world.ts";

/** One counted attempt would be a dead letter. */
const oneAttempt = { retry: { attempts: 1 } };

/** Waits for the flow to wait; gives its reason. Nothing was counted, nothing was lost. */
async function reasonToWait(world: World): Promise<string> {
  const status = await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
  expect(status.flows[0]?.counts).toMatchObject({ queued: 1, delivered: 0, dead: 0 });
  expect(await world.hotdir.dead()).toEqual([]);
  return status.flows[0]?.reason ?? "";
}

test("no sshd at the start: run --until-idle waits, and ends with everything delivered when there is one", async () => {
  await using world = await makeWorld({ flow: oneAttempt });
  const { sshd } = world;
  process.kill(sshd!.pid, "SIGTERM");
  writeFiles(world.source, { a: "a" });
  world.hotdir.start("--until-idle");
  expect(await reasonToWait(world)).toMatch(/refused/i);
  const again: ChildProcess = spawn("/usr/sbin/sshd", ["-D", "-f", `${sshd!.directory}/sshd_config`, "-E", `${sshd!.directory}/sshd.log`], {
    stdio: "ignore",
  });
  try {
    expect((await world.hotdir.ended(60_000)).status, world.hotdir.log()).toBe(0);
  } finally {
    again.kill("SIGTERM");
    await once(again, "exit");
  }
  await expectSameTrees(world);
});

test("a host key that is not the known one: the flow waits and names the key", async () => {
  await using world = await makeWorld({ flow: oneAttempt });
  const known = `${world.sshd!.directory}/known_hosts`;
  const [host = ""] = readFileSync(known, "utf8").split(" ");
  writeFileSync(known, `${host} ${readFileSync(`${world.sshd!.directory}/user_key.pub`, "utf8")}`);
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  expect(await reasonToWait(world)).toMatch(/host's key/);
});

test("a login that is refused: the flow waits and says so, and goes on at the next start when it is let in", async () => {
  await using world = await makeWorld({ flow: oneAttempt });
  const authorized = `${world.sshd!.directory}/authorized_keys`;
  const keys = readFileSync(authorized, "utf8");
  writeFileSync(authorized, "");
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  expect(await reasonToWait(world)).toMatch(/refuses the login/);
  expect(await world.hotdir.stop()).toBe(0);
  writeFileSync(authorized, keys);
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  await expectSameTrees(world);
});

const limits = [
  { title: "MaxStartups 1", sshdConfig: ["MaxStartups 1"], sshArguments: [] },
  // The lanes share one connection of the user's, as ControlMaster in ~/.ssh/config makes them.
  {
    title: "MaxSessions 2 of one shared connection",
    sshdConfig: ["MaxSessions 2"],
    sshArguments: ["-o", "ControlMaster=auto", "-o", "ControlPath=%d/../m-%C", "-o", "ControlPersist=no"],
  },
];

for (const { title, sshdConfig, sshArguments } of limits) {
  test(`${title} with 5 lanes wanted: what the host allows is used, and everything arrives`, async () => {
    const destination = { lanes: 5, segment_above: "1M" };
    await using world = await makeWorld({
      sshdConfig,
      sshArguments: sshArguments.map((word) => word.replace("%d/..", "/tmp")),
      flow: { ...oneAttempt, destination },
    });
    const random = new Random(chooseSeed(title));
    writeFiles(world.source, { l1: random.fill(40_000_000), l2: random.fill(30_000_000) });
    for (let at = 0; at < 50; at++) writeFiles(world.source, { [`s/${at}`]: random.fill(1_000 + at) });
    expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
    await expectSameTrees(world);
  });
}

const bandwidths = [
  { title: "one large file", files: { large: 6_000_000 } },
  { title: "many small files", files: Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`d/${at}`, 100_000])) },
];

for (const { title, files } of bandwidths) {
  test(`2MB/s are not exceeded by more than a fifth, with ${title}`, async () => {
    await using world = await makeWorld({ proxied: true, flow: { destination: { bandwidth: "2MB/s", lanes: 4 } } });
    const random = new Random(chooseSeed(`bandwidth, ${title}`));
    world.hotdir.start();
    await waitUntil("a lane", async () => ((await flowFact(world, "lanes")) as { open: number }).open > 0);
    const before = (await world.proxy.counts()).toServerBytes;
    const startedMs = performance.now();
    for (const [name, sizeBytes] of Object.entries(files)) writeFiles(world.source, { [name]: random.fill(sizeBytes) });
    const crossed = async (): Promise<boolean> => (await world.proxy.counts()).toServerBytes - before >= 6_000_000;
    await waitUntil("6 MB", crossed, { everyMs: 10 });
    const seconds = (performance.now() - startedMs) / 1000;
    console.log(`${title}: ${(6 / seconds).toFixed(2)} MB/s`);
    expect(6 / seconds).toBeLessThan(2.4);
    // How far below depends on what else the machine does; not by an order of magnitude.
    expect(6 / seconds).toBeGreaterThan(0.5);
    await world.hotdir.waitIdle(1);
    await expectSameTrees(world);
  });
}
