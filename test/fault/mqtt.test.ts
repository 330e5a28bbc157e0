import { chmodSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Announcer, BusState, Received, Subscription } from "../../src/flow/bus.ts";
import { GUARD_ID } from "../../src/broker/mqtt/roster.ts";
import { deadTopicOf, hostTopicOf } from "../../src/broker/mqtt/topics.ts";
import type { BrokerSettings } from "../../src/flow/settings.ts";
import { publishToQueue, removalOf } from "../support/bus.ts";
import { publishSettings, subscriptionSettings } from "../support/bus-settings.ts";
import { endProgram, nextMessage, startProgram } from "../support/child.ts";
import { startMosquitto, type TestMosquitto } from "../support/mosquitto.ts";
import { makeMqttBus, mqttSettings } from "../support/mqtt-bus.ts";
import { overhear, publishOnce } from "../support/mqtt-wire.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let broker: TestMosquitto;
let place: Temporary;
let proxy: Proxy;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startMosquitto();
  proxy = await startProxy({ port: broker.port });
});
afterAll(async () => {
  await proxy.stop();
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

type Listening = { subscription: Subscription; announcer: Announcer };

async function becomes<Name extends BusState["state"]>(one: { state: BusState }, name: Name): Promise<Extract<BusState, { state: Name }>> {
  const found = await waitUntil(`it is ${name}`, () => one.state.state === name && one.state, {
    everyMs: 10,
    timeoutMs: 20_000,
    explain: () => JSON.stringify(one.state),
  });
  return found as Extract<BusState, { state: Name }>;
}

/**
 * Writers that publish numbered messages, each until it is confirmed, and hosts that take a while and then write the number down. What is
 * written down stands for what is durable: a message that was acknowledged before would be missing at the end.
 */
class Traffic implements AsyncDisposable {
  readonly hosts: Listening[];
  readonly confirmedAtMs = new Map<string, number>();
  readonly durable = new Map<string, number>();
  readonly #buses: AsyncDisposable[] = [];
  readonly #stopping = new AbortController();
  readonly #writers: Array<Promise<void>>;
  readonly #random: Random;
  #next = 0;

  constructor(name: string, settings: BrokerSettings, options: { hosts?: number; again?: number } = {}) {
    this.#random = new Random(chooseSeed(`mqtt ${name}`));
    const publishing = publishSettings({ broker: settings, exchange: `xs_${name}` });
    const wanted = subscriptionSettings({ broker: settings, exchange: `xs_${name}`, queue: `q_${name}`, prefetch: 50 });
    this.hosts = Array.from({ length: options.hosts ?? 1 }, () => {
      const bus = makeMqttBus();
      this.#buses.push(bus);
      const subscription = bus.subscribe(wanted, "test", async (received, signal) => this.#handle(received, signal, options.again ?? 0));
      return { subscription, announcer: bus.announcer(publishing, "test") };
    });
    const [{ announcer }] = this.hosts as [Listening];
    this.#writers = Array.from({ length: 8 }, async () => this.#write(announcer));
  }

  async #write(announcer: Announcer): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const number = String(this.#next++);
      // Until the queue is there a message has no home: `unrouted` is an answer, and it is asked again.
      const announced = removalOf(`d/${number}`);
      while (!signal.aborted) {
        if ((await announcer.publish(announced)).outcome === "confirmed") {
          this.confirmedAtMs.set(number, performance.now());
          break;
        }
        await sleep(20);
      }
      await sleep(10);
    }
  }

  async #handle(
    { told, returns }: Received,
    lost: AbortSignal,
    again: number,
  ): ReturnType<Parameters<ReturnType<typeof makeMqttBus>["subscribe"]>[2]> {
    const number = told.change.path.slice(2);
    await sleep(this.#random.between(0, 30));
    if (lost.aborted) return { outcome: "done" };
    if (returns === 0 && this.#random.chance(again)) return { outcome: "again", afterMs: 300, reason: "busy", counted: true };
    this.durable.set(number, (this.durable.get(number) ?? 0) + 1);
    return { outcome: "done" };
  }

  /** Both directions carry messages that were first published from now on. */
  async flows(): Promise<void> {
    const from = this.#next;
    await waitUntil("messages come and go", () => [...this.durable.keys()].filter((number) => Number(number) > from).length > 20, {
      everyMs: 10,
      explain: () =>
        JSON.stringify(this.hosts.map(({ subscription, announcer }) => [subscription.state, subscription.counts, announcer.state])),
    });
  }

  /** Ends the writers and waits until all that was confirmed is durable; the answer is what never came. */
  async settle(excused: (number: string) => boolean = () => false): Promise<{ missing: string[]; twice: number }> {
    this.#stopping.abort();
    await Promise.all(this.#writers);
    const missing = (): string[] => [...this.confirmedAtMs.keys()].filter((number) => !this.durable.has(number) && !excused(number));
    await waitUntil("all that was confirmed is there", () => missing().length === 0, { timeoutMs: 15_000 }).catch(() => {});
    return { missing: missing(), twice: [...this.durable.values()].filter((times) => times > 1).length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#writers);
    for (const { subscription } of this.hosts) await subscription[Symbol.asyncDispose]();
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
  }
}

const proxied = (): BrokerSettings => mqttSettings(place.path, proxy.port, broker.user);

test("the broker ends and comes back under load: what it confirmed is neither lost nor acknowledged early", async () => {
  await using traffic = new Traffic("ends", proxied(), { hosts: 2, again: 0.1 });
  await traffic.flows();
  for (let times = 0; times < bySize({ everyday: 2, ci: 4, long: 20 }); times += 1) {
    await broker.end();
    const [{ subscription }] = traffic.hosts as [Listening];
    expect((await becomes(subscription, "waiting")).reason).toMatch(/lost|ended|reached/);
    await broker.start();
    await traffic.flows();
  }
  const { missing, twice } = await traffic.settle();
  console.log(`ends: ${traffic.confirmedAtMs.size} confirmed, ${missing.length} missing, ${twice} twice`);
  expect(missing).toEqual([]);
  expect(traffic.hosts.reduce((sum, { subscription }) => sum + subscription.counts.again, 0)).toBeGreaterThan(0);
});

/** What mosquitto confirmed and had not written yet when it was killed; it writes at the next turn of its loop. */
const UNWRITTEN_MS = 1000;

test("the broker is killed: it goes on by itself, and only what the broker had confirmed and not yet written can be missing", async () => {
  await using traffic = new Traffic("killed", proxied(), { hosts: 2 });
  const killed: Array<{ fromMs: number; toMs: number }> = [];
  const unwritten = (number: string): boolean => {
    const confirmedMs = traffic.confirmedAtMs.get(number) ?? 0;
    return killed.some(({ fromMs, toMs }) => confirmedMs > fromMs - UNWRITTEN_MS && confirmedMs < toMs);
  };
  for (let times = 0; times < bySize({ everyday: 2, ci: 4, long: 20 }); times += 1) {
    await traffic.flows();
    const fromMs = performance.now();
    // So long that most of it is surely written.
    await waitUntil("there is traffic", () => [...traffic.confirmedAtMs.values()].some((atMs) => atMs > fromMs + 2 * UNWRITTEN_MS));
    const killedMs = performance.now();
    await broker.kill();
    await broker.start();
    // Its last confirms may have been on their way.
    killed.push({ fromMs: killedMs, toMs: performance.now() });
  }
  await traffic.flows();
  const { missing, twice } = await traffic.settle(unwritten);
  const lost = [...traffic.confirmedAtMs.keys()].filter((number) => !traffic.durable.has(number));
  console.log(`killed: ${traffic.confirmedAtMs.size} confirmed, ${lost.length} of them lost by mosquitto, ${twice} twice`);
  expect(missing).toEqual([]);
});

test("the connection is cut, refused and falls silent: both directions come back by themselves", async () => {
  await using traffic = new Traffic("cuts", proxied());
  const [{ subscription, announcer }] = traffic.hosts as [Listening];
  await traffic.flows();
  for (let times = 0; times < bySize({ everyday: 4, ci: 10, long: 100 }); times += 1) {
    await proxy.reset();
    await traffic.flows();
  }
  await proxy.set({ connections: "refuse" });
  await proxy.reset();
  await becomes(announcer, "waiting");
  await proxy.set({});
  await traffic.flows();
  await becomes(subscription, "ready");
  // Nothing is said any more; whichever side finds it first, the other one is told by the end of the connection.
  await proxy.set({ bytes: "black-hole" });
  expect((await becomes(subscription, "waiting")).reason).toMatch(/nothing was heard|the connection ended/);
  await proxy.set({});
  await proxy.reset();
  await traffic.flows();
  const { missing, twice } = await traffic.settle();
  console.log(`cuts: ${traffic.confirmedAtMs.size} confirmed, ${missing.length} missing, ${twice} twice`);
  expect(missing).toEqual([]);
});

test("what is published after the broker's start, and before any of its hosts is back, comes; and once where nothing was missed", async () => {
  const direct = mqttSettings(place.path, broker.port, broker.user);
  const wanted = subscriptionSettings({ broker: proxied(), exchange: "xs_gap", queue: "q_gap" });
  await using bus = makeMqttBus();
  const came: string[] = [];
  const subscription = bus.subscribe(wanted, "test", async ({ told }) => {
    came.push(told.change.path);
    return { outcome: "done" };
  });
  await using watcher = await overhear(direct, hostTopicOf(wanted.queue, GUARD_ID));
  await waitUntil("somebody keeps watch", () => watcher.came.some(({ payload }) => payload.includes('"here"')));
  await using announcer = bus.announcer(publishSettings({ broker: direct, exchange: "xs_gap" }), "test");
  for (const path of ["a", "b"]) await publishToQueue(announcer, removalOf(path));
  await waitUntil("both came", () => came.length === 2);
  await proxy.set({ connections: "refuse" });
  await broker.end();
  await broker.start();
  await becomes(announcer, "ready");
  expect(await announcer.publish(removalOf("c"))).toEqual({ outcome: "confirmed" });
  await proxy.set({});
  await waitUntil("it came", () => came.includes("c"));
  for (const path of ["d", "e"]) await publishToQueue(announcer, removalOf(path));
  await waitUntil("all came", () => came.includes("e"));
  expect(came).toEqual(["a", "b", "c", "d", "e"]);
  await subscription[Symbol.asyncDispose]();
});

test("hosts are killed: whoever is left does what the broker kept for them", async () => {
  const settings = mqttSettings(place.path, broker.port, broker.user);
  const wanted = subscriptionSettings({ broker: settings, exchange: "xs_hosts", queue: "q_hosts", prefetch: 5 });
  const { name, password } = broker.user;
  const start = async (host: string, durable: Set<string>): Promise<ReturnType<typeof startProgram>> => {
    const child = startProgram("mqtt-host.ts", [place.path, String(broker.port), name, password, wanted.queue, wanted.exchange, host]);
    child.on("message", (message: { path?: string }) => message.path !== undefined && durable.add(message.path));
    await nextMessage(child, (message): message is unknown => (message as { ready?: boolean }).ready === true, 10_000);
    return child;
  };
  const durable = new Set<string>();
  const children = await Promise.all(["a", "b", "c"].map(async (host) => start(host, durable)));
  try {
    await using bus = makeMqttBus();
    await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "xs_hosts" }), "test");
    await becomes(announcer, "ready");
    const paths = Array.from({ length: 300 }, (_, number) => `f${number}`);
    for (const [at, path] of paths.entries()) {
      expect(await announcer.publish(removalOf(path))).toEqual({ outcome: "confirmed" });
      if (at === 150) await Promise.all(children.slice(1).map(endProgram));
    }
    await waitUntil("all are done", () => durable.size === paths.length, { explain: () => `${durable.size} of ${paths.length}` });
  } finally {
    await Promise.all(children.map(endProgram));
  }
});

test("a wrong password is said and tried slowly; a right one is taken up without a restart; nobody else may read it", async () => {
  const settings = mqttSettings(place.path, broker.port, { name: "limited", password: "not-this-one" });
  await using bus = makeMqttBus();
  const subscription = bus.subscribe(
    subscriptionSettings({ broker: settings, exchange: "limited", queue: "q_limited" }),
    "test",
    async () => ({ outcome: "done" }),
  );
  expect((await becomes(subscription, "waiting")).reason).toMatch(/user or the password is wrong/);
  mqttSettings(place.path, broker.port, broker.limited);
  await becomes(subscription, "ready");
  chmodSync(settings.credentialsFile, 0o644);
  await broker.end();
  await broker.start();
  await waitUntil("it is said", () => subscription.state.state === "waiting" && /can be read by others/.test(subscription.state.reason), {
    explain: () => JSON.stringify(subscription.state),
  });
  writeFileSync(settings.credentialsFile, "# nothing\n");
  chmodSync(settings.credentialsFile, 0o600);
  await waitUntil("it is said", () => subscription.state.state === "waiting" && /no line for this broker/.test(subscription.state.reason));
  await subscription[Symbol.asyncDispose]();
});

test("what is not for this user is said: where hosts tell of themselves, and where messages are published to", async () => {
  const settings = mqttSettings(place.path, broker.port, broker.limited);
  await using bus = makeMqttBus();
  const wanted = subscriptionSettings({ broker: settings, exchange: "limited", queue: "q_others" });
  const subscription = bus.subscribe(wanted, "test", async () => ({ outcome: "done" }));
  expect((await becomes(subscription, "waiting")).reason).toMatch(/publish to hotdir\/q_others\/hosts\/\w+: it is not for this user/);
  await subscription[Symbol.asyncDispose]();
  await using announcer = bus.announcer(publishSettings({ broker: settings, exchange: "others" }), "test");
  await becomes(announcer, "ready");
  expect(await announcer.publish(removalOf("x"))).toMatchObject({ outcome: "refused", detail: expect.stringMatching(/not for this user/) });
});

test("TLS: the certificate is asked for, and only the named authority's is taken", async () => {
  const trusted = mqttSettings(place.path, broker.tlsPort, broker.user, broker.caFile);
  await using bus = makeMqttBus();
  await using announcer = bus.announcer(publishSettings({ broker: trusted }), "test");
  await becomes(announcer, "ready");
  await using other = bus.announcer(publishSettings({ broker: { ...trusted, caFile: null } }), "test");
  expect((await becomes(other, "waiting")).reason).toMatch(/certificate is not trusted/);
});

test("malformed messages are buried, each with its reason, and hold up nobody; names that brokers refuse end no connection", async () => {
  const settings = mqttSettings(place.path, broker.port, broker.user);
  await using traffic = new Traffic("malformed", settings);
  await traffic.flows();
  const [{ subscription, announcer }] = traffic.hosts as [Listening];
  const good = { pubTime: "20270101T120000", baseUrl: "file:", relPath: "x" };
  const bodies: Array<string | Buffer> = [
    "",
    "{",
    Buffer.from([0xff, 0xfe]),
    JSON.stringify({ ...good, relPath: "../../etc/passwd" }),
    JSON.stringify({ ...good, relPath: "/etc/passwd" }),
    JSON.stringify({ ...good, identity: { method: "sha512", value: "AAAA" } }),
    JSON.stringify({ ...good, more: "x".repeat(1024 * 1024) }),
  ];
  for (const body of bodies)
    await publishOnce(settings, { topic: "xs_malformed/v03/bad", payload: Buffer.from(body), contentType: "application/json" });
  await publishOnce(settings, { topic: "xs_malformed/v03/bad", payload: Buffer.from(JSON.stringify(good)) });
  await waitUntil("all are dead", async () => (await subscription.deadLetters(100)).length === bodies.length + 1);
  expect((await subscription.deadLetters(100)).map(({ reason }) => reason).sort()).toEqual([
    "the body has 1048647 B, more than 1048576 B",
    "the body is no JSON object: it is not UTF-8",
    "the body is no JSON object: its syntax is wrong",
    "the body is no JSON object: its syntax is wrong",
    'the content type is not application/json but ""',
    "the digest in identity is none",
    "the path in relPath is not used: it is absolute",
    "the path in relPath is not used: it leads out of the base directory",
  ]);
  expect(subscription.counts.refused).toBe(bodies.length + 1);
  // They are the broker's: whoever looks finds them, and another one cannot be made of a message that dies twice.
  await using watcher = await overhear(settings, deadTopicOf("q_malformed", "+"));
  await waitUntil("they are retained", () => watcher.came.length === bodies.length + 1);
  for (const name of ["a\nb/f", "\u0001/f", "#/+/f", `${"d/".repeat(300)}f`])
    expect(await announcer.publish(removalOf(name))).toEqual({ outcome: "confirmed" });
  expect(announcer.state.state).toBe("ready");
  expect((await traffic.settle()).missing).toEqual([]);
});
