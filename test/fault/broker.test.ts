import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer, type Outcome } from "../../src/broker/amqp/consumer.ts";
import type { Delivery } from "../../src/broker/amqp/delivery.ts";
import type { Link } from "../../src/broker/amqp/link.ts";
import { Publisher } from "../../src/broker/amqp/publisher.ts";
import { Returns } from "../../src/broker/amqp/returns.ts";
import { SetAside } from "../../src/broker/amqp/set-aside.ts";
import { deadQueueOf, declareExchange, type QueueSpec } from "../../src/broker/amqp/topology.ts";
import { changeOf } from "../../src/broker/messages/change.ts";
import { decodeMessage } from "../../src/broker/messages/decode.ts";
import { fieldsOf, wireMessage } from "../../src/broker/messages/encode.ts";
import { refusalText } from "../../src/broker/messages/refusal.ts";
import { bytesOfText, relPath } from "../../src/kernel/path.ts";
import { addressOf, backoff, clock, credentialsIn, linkBecomes, makeLink, publishUntilConfirmed } from "../support/broker-link.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { bySize } from "../support/size.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let broker: TestBroker;
let place: Temporary;
let proxy: Proxy;

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startBroker();
  proxy = await startProxy({ port: broker.port });
});
afterAll(async () => {
  await proxy.stop();
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/**
 * Writers that publish numbered messages, each until it is confirmed, and a consumer whose handler takes a while and then
 * writes the number down. What is written down stands for what is durable: a message that was acknowledged before is
 * lost as soon as anything ends in between, and is then missing at the end.
 */
class Traffic implements AsyncDisposable {
  readonly publishing: Link;
  readonly consuming: Link;
  readonly publisher: Publisher;
  readonly consumer: Consumer;
  readonly #setAside: SetAside;
  readonly #returns: Returns;
  readonly #random: Random;
  readonly #stopping = new AbortController();
  readonly #writers: Array<Promise<void>>;
  readonly confirmed = new Set<string>();
  readonly durable = new Map<string, number>();
  /** Deliveries whose handler gave up, since nothing could be acknowledged any more. */
  abandoned = 0;
  unconfirmed = 0;
  #next = 0;

  constructor(name: string, seed: number, options: { user?: TestBroker["user"]; again?: number } = {}) {
    const address = addressOf(`amqp://127.0.0.1:${proxy.port}`);
    const credentials = credentialsIn(`${place.path}/${name}`, address, options.user ?? broker.user);
    const exchange = { name: `xs_${name}`, durable: true };
    const queue: QueueSpec = {
      name: `q_${name}`,
      durable: true,
      expireMs: null,
      messageTtlMs: null,
      bindings: [{ exchange: exchange.name, key: "v03.#" }],
    };
    this.#random = new Random(seed);
    this.publishing = makeLink({ address, credentials, name: `${name} publishes`, heartbeatS: 1 });
    this.consuming = makeLink({ address, credentials, name: `${name} consumes`, heartbeatS: 1 });
    const prepare = async (channel: Parameters<typeof declareExchange>[0]): Promise<void> => declareExchange(channel, exchange);
    this.publisher = new Publisher({ link: this.publishing, clock, backoff, windowMax: 50, confirmTimeoutMs: 2000, prepare });
    this.#setAside = new SetAside({ link: this.publishing, clock, backoff, queue: queue.name, confirmTimeoutMs: 2000 });
    const { again = 0 } = options;
    const handle = async (delivery: Delivery, lost: AbortSignal): Promise<Outcome> => this.#handle(delivery, lost, again);
    this.consumer = new Consumer({
      link: this.consuming,
      clock,
      backoff,
      queue,
      declare: true,
      prefetch: 50,
      handle,
      setAside: this.#setAside,
    });
    this.#returns = new Returns({ link: this.consuming, clock, backoff, queue: queue.name, setAside: this.#setAside });
    this.#writers = Array.from({ length: 8 }, async () => this.#write(exchange.name));
  }

  get seen(): number {
    return this.durable.size;
  }

  async #write(exchange: string): Promise<void> {
    const { signal } = this.#stopping;
    // Until the queue is there, a message has no home: `unrouted` is an answer, and it is asked again.
    while (!signal.aborted) {
      const number = String(this.#next++);
      const change = { kind: "delete" as const, path: relPath(bytesOfText(`d/${number}`)) };
      const { routingKey, properties, body } = wireMessage(
        fieldsOf({ change, pubTimeNs: 1n, baseUrl: "file:", source: null }),
        change.path,
      );
      const before = await publishUntilConfirmed(this.publisher, { exchange, routingKey, properties, body }, signal).catch(() => null);
      if (before === null) return;
      this.unconfirmed += before.length;
      this.confirmed.add(number);
      await sleep(10);
    }
  }

  async #handle(delivery: Delivery, lost: AbortSignal, again: number): Promise<Outcome> {
    const decoded = decodeMessage(delivery);
    if (!decoded.ok) return { outcome: "dead", reason: refusalText(decoded.refusal) };
    const change = changeOf(decoded.message);
    if (!change.ok) return { outcome: "dead", reason: refusalText(change.refusal) };
    const number = change.change.path.slice(2);
    await sleep(this.#random.between(0, 30));
    if (lost.aborted) {
      this.abandoned += 1;
      return { outcome: "done" };
    }
    if (delivery.returns === 0 && this.#random.chance(again)) return { outcome: "again", afterMs: 1000, reason: "busy", counted: true };
    this.durable.set(number, (this.durable.get(number) ?? 0) + 1);
    return { outcome: "done" };
  }

  /** Both directions carry messages that were first published from now on. */
  async flows(): Promise<void> {
    const from = this.#next;
    await waitUntil("messages come and go", () => [...this.durable.keys()].filter((number) => Number(number) > from).length > 20, {
      everyMs: 10,
      explain: () =>
        JSON.stringify([this.publishing.state, this.publisher.state, this.consuming.state, this.consumer.state, this.consumer.counts]),
    });
  }

  /** Ends the writers and waits until all that was confirmed is durable; the answer is what never came. */
  async settle(options: { except?: ReadonlySet<string> } = {}): Promise<{ missing: string[]; duplicates: number }> {
    this.#stopping.abort();
    await Promise.all(this.#writers);
    const missing = (): string[] =>
      [...this.confirmed].filter((number) => !this.durable.has(number) && options.except?.has(number) !== true);
    await waitUntil("all that was confirmed is there", () => missing().length === 0, { timeoutMs: 10_000 }).catch(() => {});
    return { missing: missing(), duplicates: [...this.durable.values()].filter((times) => times > 1).length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const part of [this.publishing, this.consuming, this.#returns, this.consumer, this.#setAside, this.publisher])
      await part[Symbol.asyncDispose]();
    await Promise.all(this.#writers);
  }
}

test("the broker is killed and comes back, again and again: what it confirmed is neither lost nor acknowledged early", async () => {
  const kills = bySize({ everyday: 1, ci: 3, long: 20 });
  await using traffic = new Traffic("kills", chooseSeed("broker kills"), { again: 0.1 });
  await traffic.flows();
  for (let times = 0; times < kills; times += 1) {
    await broker.kill();
    expect((await linkBecomes(traffic.consuming, "waiting")).trouble.trouble).toMatch(/lost|unreachable/);
    await broker.start();
    await traffic.flows();
  }
  const { missing, duplicates } = await traffic.settle();
  console.log(
    `${kills} kills: ${traffic.confirmed.size} confirmed, ${missing.length} missing, ${duplicates} twice, ${traffic.abandoned} abandoned, ${traffic.consumer.counts.again} came again`,
  );
  expect(missing).toEqual([]);
  expect(traffic.consumer.counts.again).toBeGreaterThan(0);
  expect(await broker.ctl("list_queues", "name", "messages")).toMatch(/^q_kills\t0$/m);
});

test("the connection is cut, refused and falls silent: both directions come back by themselves", async () => {
  await using traffic = new Traffic("cuts", chooseSeed("broker cuts"));
  await traffic.flows();
  for (let times = 0; times < bySize({ everyday: 4, ci: 10, long: 100 }); times += 1) {
    await proxy.reset();
    await traffic.flows();
  }
  await proxy.set({ connections: "refuse" });
  await proxy.reset();
  await linkBecomes(traffic.publishing, "waiting");
  await proxy.set({});
  await traffic.flows();
  // Nothing is closed, and nothing is said any more: two heartbeats, and it is given up.
  await proxy.set({ bytes: "black-hole" });
  expect((await linkBecomes(traffic.consuming, "waiting")).trouble).toMatchObject({ trouble: "lost" });
  await proxy.set({});
  await proxy.reset();
  await traffic.flows();
  const { missing, duplicates } = await traffic.settle();
  console.log(
    `cuts: ${traffic.confirmed.size} confirmed, ${missing.length} missing, ${duplicates} twice, ${traffic.abandoned} abandoned, ${traffic.unconfirmed} published again`,
  );
  expect(missing).toEqual([]);
  // Each was given once more, and nothing was acknowledged that nobody had done.
  expect(traffic.abandoned).toBeGreaterThan(0);
});

test("the queue is deleted under us: it is made again, and what comes from then on arrives", async () => {
  await using traffic = new Traffic("deleted", chooseSeed("broker deletes"));
  await traffic.flows();
  await broker.ctl("delete_queue", "q_deleted");
  await waitUntil("it was noticed", () => traffic.consumer.counts.queuesLost === 1);
  await waitUntil("it consumes", () => traffic.consumer.state.state === "consuming");
  // What the queue held went with it, at the wish of whoever deleted it.
  const gone = new Set(traffic.confirmed);
  await traffic.flows();
  expect((await traffic.settle({ except: gone })).missing).toEqual([]);
});

test("credentials are revoked and given back: it is said, and goes on", async () => {
  await using traffic = new Traffic("limited", chooseSeed("broker revokes"), { user: broker.limited });
  await traffic.flows();
  await broker.ctl("change_password", "limited", "another-one");
  await broker.ctl("close_all_connections", "the test says so");
  const waiting = await linkBecomes(traffic.publishing, "waiting");
  expect(["closed-by-broker", "login-refused"]).toContain(waiting.trouble.trouble);
  await waitUntil(
    "the login is refused",
    () => traffic.consuming.state.state === "waiting" && traffic.consuming.state.trouble.trouble === "login-refused",
  );
  await broker.ctl("change_password", "limited", broker.limited.password);
  await traffic.flows();
  expect((await traffic.settle()).missing).toEqual([]);
});

test("the broker's disk is short: publishing waits, what it has goes on being taken, and nothing is lost", async () => {
  await using traffic = new Traffic("alarm", chooseSeed("broker alarm"));
  await traffic.flows();
  await broker.ctl("set_disk_free_limit", "90000GB");
  const blocked = await linkBecomes(traffic.publishing, "blocked");
  expect(blocked.reason).toMatch(/disk/);
  const { confirmed } = traffic;
  await waitUntil("the consumer takes what is there", () => [...confirmed].every((number) => traffic.durable.has(number)));
  expect(traffic.consuming.state.state).toBe("ready");
  const before = confirmed.size;
  await broker.ctl("set_disk_free_limit", "1MB");
  await linkBecomes(traffic.publishing, "ready");
  await traffic.flows();
  expect(confirmed.size).toBeGreaterThan(before);
  expect((await traffic.settle()).missing).toEqual([]);
});

test("malformed messages go to the dead letters, each with its reason, and hold up nobody", async () => {
  await using traffic = new Traffic("malformed", chooseSeed("broker malformed"));
  await traffic.flows();
  const good = { pubTime: "20270101T120000", baseUrl: "file:", relPath: "x" };
  const bodies: Array<string | Buffer> = [
    "",
    "{",
    Buffer.from([0xff, 0xfe]),
    JSON.stringify({ ...good, relPath: "../../etc/passwd" }),
    JSON.stringify({ ...good, relPath: "/etc/passwd" }),
    JSON.stringify({ ...good, relPath: "%2e%2e/x" }),
    JSON.stringify({ ...good, relPath: "a".repeat(5000) }),
    JSON.stringify({ ...good, identity: { method: "sha512", value: "AAAA" } }),
    JSON.stringify({ ...good, more: "x".repeat(1024 * 1024) }),
  ];
  for (const body of bodies) {
    const properties = { contentType: "application/json", deliveryMode: 2, headers: { big: "h".repeat(20_000) } };
    const publication = { exchange: "xs_malformed", routingKey: "v03.bad", body: Buffer.from(body), properties };
    await publishUntilConfirmed(traffic.publisher, publication, AbortSignal.timeout(10_000));
  }
  await waitUntil("all are dead", () => traffic.consumer.counts.dead === bodies.length, {
    explain: () => JSON.stringify(traffic.consumer.counts),
  });
  await traffic.flows();
  expect((await traffic.settle()).missing).toEqual([]);
  const channel = await (await traffic.consuming.connection(AbortSignal.timeout(5000))).model.createChannel();
  const reasons: string[] = [];
  for (let at = 0; at < bodies.length; at += 1) {
    const dead = await channel.get(deadQueueOf("q_malformed"), { noAck: true });
    if (dead !== false) reasons.push(String(dead.properties.headers?.["x-hotdir-reason"]));
  }
  expect(reasons.sort()).toEqual([
    "the body has 1048647 B, more than 1048576 B",
    "the body is no JSON object: it is not UTF-8",
    "the body is no JSON object: its syntax is wrong",
    "the body is no JSON object: its syntax is wrong",
    "the digest in identity is none",
    "the field relPath: Too big: expected string to have <=4096 characters",
    "the path in relPath is not used: it is absolute",
    "the path in relPath is not used: it leads out of the base directory",
    "the path in relPath is not used: it leads out of the base directory",
  ]);
});
