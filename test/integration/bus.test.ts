import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Handled } from "../../src/flow/bus.ts";
import { textOf } from "../../src/kernel/path.ts";
import { addressOf, credentialsIn, makeLink } from "../support/broker-link.ts";
import { brokerSettings, makeBus, publishToQueue, recorder, removalOf } from "../support/bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let broker: TestBroker;
let place: Temporary;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startBroker();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** Bodies as anybody may publish them. */
async function publishRaw(exchange: string, bodies: string[], contentType = "application/json"): Promise<void> {
  const address = addressOf(`amqp://127.0.0.1:${broker.port}`);
  await using link = makeLink({ address, credentials: credentialsIn(`${place.path}/raw`, address, broker.user) });
  const channel = await (await link.connection(AbortSignal.timeout(10_000))).model.createConfirmChannel();
  for (const body of bodies) channel.publish(exchange, "v03", Buffer.from(body), { contentType });
  await channel.waitForConfirms();
  await channel.close();
}

test("flows share a connection to publish and one to consume, which go with the last of them", async () => {
  const settings = brokerSettings(place.path, broker, broker.user);
  await using bus = makeBus();
  const first = bus.announcer(publishSettings({ broker: settings, exchange: "xs_shared_a" }), "a");
  const second = bus.announcer(publishSettings({ broker: settings, exchange: "xs_shared_b" }), "b");
  const subscriptions = ["a", "b"].map((name) =>
    bus.subscribe(
      subscriptionSettings({ broker: settings, exchange: `xs_shared_${name}`, queue: `q_shared_${name}` }),
      name,
      recorder().handle,
    ),
  );
  await waitUntil("all are ready", () => [first, second, ...subscriptions].every(({ state }) => state.state === "ready"));
  expect((await broker.ctl("list_connections", "user")).split("\n").filter((line) => line === broker.user.name)).toHaveLength(2);
  expect(await broker.ctl("list_consumers", "queue_name", "consumer_tag", "prefetch_count")).toMatch(
    new RegExp(`q_shared_a\\thotdir a \\S+ ${process.pid}\\t50`),
  );
  for (const one of [first, second, ...subscriptions]) await one[Symbol.asyncDispose]();
  await waitUntil("no connection is left", async () => !(await broker.ctl("list_connections", "user")).includes(broker.user.name));
});

test("a host with a higher priority gets all messages that it can take", async () => {
  const settings = brokerSettings(place.path, broker, broker.user);
  await using bus = makeBus();
  const took: string[] = [];
  const taking = (name: string) => async (): Promise<Handled> => {
    took.push(name);
    return { outcome: "done" };
  };
  const common = { broker: settings, exchange: "xs_first", queue: "q_first" };
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_first" }), "out");
  await waitUntil("the exchange is there", () => announcer.state.state === "ready");
  await using helper = bus.subscribe(subscriptionSettings({ ...common, priority: 0 }), "helper", taking("helper"));
  await using first = bus.subscribe(subscriptionSettings({ ...common, priority: 5 }), "first", taking("first"));
  await waitUntil("both take messages", () => first.state.state === "ready" && helper.state.state === "ready");
  await Promise.all(Array.from({ length: 40 }, (_, at) => announcer.publish(removalOf(`f${at}`))));
  await waitUntil("all are taken", () => took.length === 40);
  expect(new Set(took)).toEqual(new Set(["first"]));
});

test("an sr3 user, who may not write to the default exchange, has waits, dead letters and their return", async () => {
  const settings = brokerSettings(place.path, broker, broker.limited);
  await using bus = makeBus();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_limited_out" }), "out");
  const answers: Record<string, (returns: number) => Handled> = {
    passing: (returns) => (returns < 2 ? { outcome: "again", afterMs: 50, reason: "no space", counted: true } : { outcome: "done" }),
    hopeless: () => ({ outcome: "dead", reason: "it never works" }),
  };
  const { story, handle } = recorder(({ told, returns }) => answers[told.change.path]?.(returns) ?? null);
  await using subscription = bus.subscribe(
    subscriptionSettings({ broker: settings, exchange: "xs_limited_out", queue: "q_limited_in" }),
    "in",
    handle,
  );
  for (const path of ["passing", "hopeless", "fine"]) await publishToQueue(announcer, removalOf(path));
  await publishRaw("xs_limited_out", [
    "no json",
    JSON.stringify({ pubTime: "20261122T010203", baseUrl: "file:", relPath: "../../etc/passwd" }),
  ]);
  await waitUntil("all came to their ends", () => subscription.counts.done === 2 && subscription.counts.refused === 2, {
    explain: () => JSON.stringify([subscription.counts, subscription.state]),
  });
  expect(story.filter(({ told }) => told.change.path === "passing").map(({ returns, exchange }) => [returns, exchange])).toEqual([
    [0, "xs_limited_out"],
    [1, "xs_limited_out"],
    [2, "xs_limited_out"],
  ]);
  await waitUntil("the queue's facts are of now", () => subscription.queue.dead === 3 && subscription.queue.consumers === 1);
  expect(subscription.queue).toEqual({ name: "q_limited_in", messages: 0, consumers: 1, waiting: 0, dead: 3 });

  // Looking takes nothing away.
  for (let times = 0; times < 2; times += 1) {
    const letters = await subscription.deadLetters(10);
    const byReason = letters.map(({ path, reason }) => [path === null ? null : textOf(path), reason]);
    expect(byReason).toContainEqual(["hopeless", "it never works"]);
    expect(byReason).toContainEqual([null, "the body is no JSON object: its syntax is wrong"]);
    expect(byReason).toContainEqual([null, "the path in relPath is not used: it leads out of the base directory"]);
    expect(letters.every(({ diedAtMs }) => diedAtMs !== null && Math.abs(diedAtMs - Date.now()) < 60_000)).toBe(true);
  }
  expect(await subscription.deadLetters(1)).toHaveLength(1);
  answers["hopeless"] = () => ({ outcome: "done" });
  expect(await subscription.revive([removalOf("hopeless").change.path])).toBe(1);
  const revived = await waitUntil("it is handled once more", () => story.filter(({ told }) => told.change.path === "hopeless")[1]);
  expect(revived).toMatchObject({ returns: 0, exchange: "xs_limited_out" });
  // What is not understood is so once more.
  expect(await subscription.revive(null)).toBe(2);
  await waitUntil("they are dead again", () => subscription.counts.refused === 4);
});

test("another's exchange and queue are waited for, and that is said", async () => {
  const settings = brokerSettings(place.path, broker, broker.user);
  await using bus = makeBus();
  const names = { exchange: "xs_theirs", queue: "q_theirs" };
  const { story, handle } = recorder();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_theirs", declare: false }), "out");
  await using subscription = bus.subscribe(subscriptionSettings({ broker: settings, ...names, declare: false }), "in", handle);
  let told = 0;
  announcer.onState(() => (told += 1));
  for (const waiting of [announcer, subscription])
    await waitUntil("it waits", () => waiting.state.state === "waiting" && /NOT[_-]FOUND.*theirs/.test(waiting.state.reason));
  expect(await announcer.publish(removalOf("x"))).toMatchObject({ outcome: "not-sent", detail: /NOT[_-]FOUND/ });
  await using owner = makeBus();
  await using theirs = owner.announcer(publishSettings({ broker: settings, exchange: "xs_theirs" }), "theirs");
  const owned = owner.subscribe(subscriptionSettings({ broker: settings, ...names }), "theirs", recorder().handle);
  await waitUntil("it is made", () => theirs.state.state === "ready" && owned.state.state === "ready");
  await owned[Symbol.asyncDispose]();
  await waitUntil("both go on", () => announcer.state.state === "ready" && subscription.state.state === "ready", { timeoutMs: 10_000 });
  expect(told).toBeGreaterThan(0);
  await publishToQueue(announcer, removalOf("y"));
  await waitUntil("it arrives", () => story.length === 1);
});

test("a broker that closes the channel of whoever keeps a message for too long gives it once more, and loses none", async () => {
  const settings = brokerSettings(place.path, broker, broker.user);
  const limits = (timeoutMs: number, tickMs: number): string =>
    `application:set_env(rabbit, consumer_timeout, ${timeoutMs}), application:set_env(rabbit, channel_tick_interval, ${tickMs}).`;
  await broker.ctl("eval", limits(1000, 500));
  await using bus = makeBus();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_slow" }), "out");
  let lost = 0;
  const slow = subscriptionSettings({ broker: settings, exchange: "xs_slow", queue: "q_slow" });
  await using subscription = bus.subscribe(slow, "in", async ({ told, redelivered }, signal) => {
    if (told.change.path !== ("slow" as string) || redelivered) return { outcome: "done" };
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    lost += 1;
    return { outcome: "done" };
  });
  for (const path of ["slow", "quick"]) await publishToQueue(announcer, removalOf(path));
  await waitUntil("the slow one came again and is done", () => lost === 1 && subscription.counts.done === 2, {
    timeoutMs: 30_000,
    explain: () => JSON.stringify([lost, subscription.counts, subscription.state]),
  });
  expect(subscription.counts).toMatchObject({ received: 3, done: 2, handedBack: 1 });
  await broker.ctl("eval", limits(1_800_000, 60_000));
});

test("credentials that go, or that others may read, keep us waiting and are named; once they are right all goes on", async () => {
  const user = { ...broker.user };
  const settings = brokerSettings(place.path, { port: broker.port }, user);
  const file = settings.credentialsFile;
  const right = `amqp://${user.name}:${user.password}@127.0.0.1:${broker.port}/\n`;
  rmSync(file);
  await using bus = makeBus();
  const published = publishSettings({ broker: settings, exchange: "xs_credentials" });
  await using announcer = bus.announcer(published, "out");
  const waits = (reason: RegExp): Promise<unknown> =>
    waitUntil(`it waits: ${String(reason)}`, () => announcer.state.state === "waiting" && reason.test(announcer.state.reason), {
      explain: () => JSON.stringify(announcer.state),
    });
  await waits(/no password for it \(there is no /);
  writeFileSync(file, right);
  chmodSync(file, 0o644);
  await waits(/can be read by others \(mode 644\): chmod 600/);
  writeFileSync(file, right.replace(user.password, "wrong-secret"));
  chmodSync(file, 0o600);
  await waits(/it refuses the login/);
  expect(JSON.stringify([announcer.state, bus.standingOf(published)])).not.toContain("wrong-secret");
  writeFileSync(file, right);
  await waitUntil("it is there", () => announcer.state.state === "ready", { timeoutMs: 20_000 });
  expect(bus.standingOf(published)).toMatchObject({ state: { state: "ready" }, counts: { published: 0 } });
});

test("dead letters that are given back while connections are cut are neither lost nor left behind", async () => {
  const settings = brokerSettings(place.path, broker, broker.user);
  await using bus = makeBus();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_revive" }), "out");
  let isHopeless = true;
  const { story, handle } = recorder(() => (isHopeless ? { outcome: "dead", reason: "not yet" } : null));
  const wanted = subscriptionSettings({ broker: settings, exchange: "xs_revive", queue: "q_revive" });
  await using subscription = bus.subscribe(wanted, "in", handle);
  const paths = Array.from({ length: 300 }, (_, number) => `letter/${number}`);
  await Promise.all(paths.map(async (path) => publishToQueue(announcer, removalOf(path))));
  await waitUntil("all are dead", () => subscription.queue.dead === paths.length, { timeoutMs: 30_000 });
  isHopeless = false;
  const before = story.length;
  const revived = (): Set<string> => new Set(story.slice(before).map(({ told }) => told.change.path));
  for (let cuts = 0; cuts < 3; cuts += 1) {
    const reviving = subscription.revive(null).catch(() => 0);
    await waitUntil("some are given back", () => revived().size > cuts * 20);
    await broker.ctl("close_all_connections", "cut");
    await reviving;
  }
  await waitUntil("the others are given back", async () => {
    await subscription.revive(null).catch(() => 0);
    return revived().size === paths.length && (await subscription.deadLetters(1)).length === 0;
  });
  expect([...revived()].toSorted()).toEqual(paths.toSorted());
});
