import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Message } from "../../src/daemon/alerts/message.ts";
import { type Received, startListener } from "../support/listener.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { writeFiles } from "./engine-world.ts";

/** Alerts at a pace that a test can wait for: the calm is 4 s. So these mostly wait, each in a world of its own, and do so together. */
function alertBy(world: World, alerts: object, flow: object = {}): void {
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: object } };
  writeFileSync(
    world.place.configFile,
    JSON.stringify({ ...written, flows: { world: { ...written.flows.world, ...flow } }, alerts: { group: "200ms", ...alerts } }),
  );
}

const messages = (received: Received[]): Message[] => received.map(({ body }) => JSON.parse(body) as Message);

async function untilFiring(world: World, received: Received[], alert: string): Promise<Message> {
  return waitUntil(
    `a message that ${alert} fires`,
    () => messages(received).find(({ firing }) => firing.some((one) => one.alert === alert)),
    {
      explain: () => `${JSON.stringify(received)}\n${world.hotdir.log()}`,
    },
  );
}

async function untilResolved(world: World, received: Received[], alert: string): Promise<Message> {
  return waitUntil(
    `a message that ${alert} is over`,
    () => messages(received).find(({ resolved }) => resolved.some((one) => one.alert === alert)),
    {
      explain: () => `${JSON.stringify(received)}\n${world.hotdir.log()}`,
    },
  );
}

function startSshd(directory: string): ChildProcess {
  return spawn("/usr/sbin/sshd", ["-D", "-f", `${directory}/sshd_config`, "-E", `${directory}/sshd.log`], { stdio: "ignore" });
}

test.concurrent("an outage: waiting and behind are told by webhook and command, and so is the end of both", async () => {
  await using world = await makeWorld();
  await using listener = await startListener();
  const told = `${world.directory}/told`;
  const program = `${world.directory}/tell`;
  writeFileSync(program, `#!/bin/sh\ncat >> ${told}\nprintf '%s\\n' "$HOTDIR_ALERT" >> ${told}.lines\n`, { mode: 0o755 });
  alertBy(world, { webhook: `${listener.url}/hook`, command: [program], on: { waiting_above: "2s", freshness_above: "3s" } });
  process.kill(world.sshd!.pid, "SIGTERM");
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  const waiting = await untilFiring(world, listener.received, "waiting");
  expect(waiting.firing[0]).toMatchObject({
    flow: "world",
    summary: expect.stringMatching(/^world has waited .* 2 s: .*refused/i) as string,
  });
  expect(waiting.text).toMatch(/^hotdir on .*: world has waited/);
  await untilFiring(world, listener.received, "freshness");
  const again = startSshd(world.sshd!.directory);
  try {
    await untilResolved(world, listener.received, "waiting");
    await untilResolved(world, listener.received, "freshness");
    const saidByCommand = (): string => (existsSync(told) ? readFileSync(told, "utf8") : "");
    await waitUntil("the command told the ends", () => ["does not wait", "has caught up"].every((end) => saidByCommand().includes(end)));
    expect(readFileSync(`${told}.lines`, "utf8")).toMatch(/world has waited/);
  } finally {
    again.kill("SIGTERM");
    await once(again, "exit");
  }
  // One message each, or one for both: nothing was said twice.
  const fired = messages(listener.received).flatMap(({ firing }) => firing.map(({ alert }) => alert));
  expect(fired.toSorted()).toEqual(["freshness", "waiting"]);
  expect(new Set(messages(listener.received).map(({ id }) => id)).size).toBe(listener.received.length);
});

test.concurrent("a halt is told, a restart and a kill repeat nothing, and its end is told by the daemon that sees it", async () => {
  await using world = await makeWorld({ destination: "file" });
  await using listener = await startListener();
  alertBy(world, { webhook: { url: listener.url } });
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  renameSync(world.source, `${world.source}.away`);
  await untilFiring(world, listener.received, "halted");
  await waitUntil(
    "it is written down",
    () =>
      existsSync(`${world.place.stateDirectory}/alerts.json`) &&
      readFileSync(`${world.place.stateDirectory}/alerts.json`, "utf8").includes('"told":{"holds":true'),
  );
  await world.hotdir.killHard();
  world.hotdir.start();
  await world.hotdir.waitFor("a flow that is halted", ({ flows }) => flows[0]?.state === "halted");
  expect(await world.hotdir.stop()).toBe(0);
  world.hotdir.start();
  await world.hotdir.waitFor("a flow that is halted", ({ flows }) => flows[0]?.state === "halted");
  renameSync(`${world.source}.away`, world.source);
  const over = await untilResolved(world, listener.received, "halted");
  expect(over.resolved[0]?.summary).toBe("world is not halted any more");
  expect(messages(listener.received).flatMap(({ firing }) => firing)).toHaveLength(1);
});

test.concurrent("a dead letter is told, and that there is none any more once it was sent", async () => {
  await using world = await makeWorld({ destination: "file", flow: { retry: { attempts: 1 } } });
  await using listener = await startListener();
  alertBy(world, { webhook: listener.url });
  mkdirSync(`${world.destination}/blocked`);
  writeFileSync(`${world.destination}/blocked/x`, "in the way");
  writeFiles(world.source, { blocked: "a file" });
  world.hotdir.start();
  const dead = await untilFiring(world, listener.received, "dead-letter");
  expect(dead.firing[0]?.summary).toMatch(/^world has 1 dead letter; 'hotdir dead world' says why$/);
  rmSync(`${world.destination}/blocked`, { recursive: true });
  expect((await world.hotdir.ask("retry", "--all")).status).toBe(0);
  await untilResolved(world, listener.received, "dead-letter");
});

test.concurrent("too little space at the destination is told, and that there is enough again", async () => {
  await using world = await makeWorld({ destination: "file", mounts: { destination: "16m" }, flow: { destination: { keep_free: "50%" } } });
  await using listener = await startListener();
  alertBy(world, { webhook: listener.url });
  writeFileSync(`${world.destination}/ballast`, Buffer.alloc(12_000_000));
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  const low = await untilFiring(world, listener.received, "low-space");
  expect(low.firing.find(({ alert }) => alert === "low-space")?.summary).toMatch(/too little space: \d+ MiB free of 16 MiB/);
  rmSync(`${world.destination}/ballast`);
  await untilResolved(world, listener.received, "low-space");
  await world.hotdir.waitFor("a delivered", ({ flows }) => flows[0]?.counts.delivered === 1);
});

test.concurrent("a way that fails holds up neither the other nor the flows, is tried again, and says nothing of the address", async () => {
  await using world = await makeWorld({ destination: "file", flow: { retry: { attempts: 1 } } });
  await using listener = await startListener((_received, nth) => ({ status: nth === 1 ? 500 : 200 }));
  alertBy(world, { webhook: `${listener.url}/s3cret-path`, command: [`${world.directory}/no-such-command`] });
  mkdirSync(`${world.destination}/blocked`);
  writeFileSync(`${world.destination}/blocked/x`, "in the way");
  writeFiles(world.source, { blocked: "a file" });
  world.hotdir.start();
  await waitUntil("the second try", () => listener.received.length >= 2, { explain: () => world.hotdir.log() });
  const [first, second] = messages(listener.received);
  expect(second?.id).toBe(first?.id);
  writeFiles(world.source, { b: "b" });
  await world.hotdir.waitFor("b delivered", ({ flows }) => flows[0]?.counts.delivered === 1);
  const { stdout: log } = await world.hotdir.ask("log", "--json", "--since", "1h");
  expect(log).toMatch(/could not be told by webhook: 127\.0\.0\.1:\d+ answered 500; trying again in/);
  expect(log).toMatch(/could not be told by command: .*ENOENT/);
  expect(log).toMatch(/told by webhook: hotdir on/);
  expect(log + readFileSync(world.place.logFile, "utf8")).not.toContain("s3cret-path");
});

test.concurrent("a flow may be left out, and a reload takes over who is told and of what", async () => {
  await using world = await makeWorld({ destination: "file", flow: { retry: { attempts: 1 } } });
  await using silent = await startListener();
  await using asked = await startListener();
  alertBy(world, { webhook: silent.url }, { alerts: "off" });
  mkdirSync(`${world.destination}/blocked`);
  writeFileSync(`${world.destination}/blocked/x`, "in the way");
  writeFiles(world.source, { blocked: "a file" });
  world.hotdir.start();
  await world.hotdir.waitFor("a dead letter", ({ flows }) => flows[0]?.counts.dead === 1);
  alertBy(world, { webhook: asked.url }, { alerts: { dead_letter: true } });
  process.kill(world.hotdir.pid, "SIGHUP");
  await untilFiring(world, asked.received, "dead-letter");
  expect(silent.received).toEqual([]);
});
