import { chmodSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Consumer, type Outcome } from "../../src/broker/amqp/consumer.ts";
import { readCredentials } from "../../src/broker/amqp/credentials.ts";
import type { Delivery } from "../../src/broker/amqp/delivery.ts";
import type { Link } from "../../src/broker/amqp/link.ts";
import { Publisher } from "../../src/broker/amqp/publisher.ts";
import { Returns } from "../../src/broker/amqp/returns.ts";
import { SetAside } from "../../src/broker/amqp/set-aside.ts";
import { removeAll } from "../../src/broker/amqp/removal.ts";
import { declareAll, declareExchange, exchangeName, queueName, type QueueSpec } from "../../src/broker/amqp/topology.ts";
import { changeOf } from "../../src/broker/messages/change.ts";
import { decodeMessage } from "../../src/broker/messages/decode.ts";
import { fieldsOf, wireMessage } from "../../src/broker/messages/encode.ts";
import { bindingKeyOf } from "../../src/broker/messages/routing.ts";
import { type AbsPath, bytesOfText, relPath } from "../../src/kernel/path.ts";
import { addressOf, backoff, clock, credentialsIn, linkBecomes, makeLink, publishUntilConfirmed } from "../support/broker-link.ts";
import { startBroker, type TestBroker } from "../support/rabbitmq.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

let broker: TestBroker;
let place: Temporary;
let link: Link;
const { signal } = new AbortController();

beforeAll(async () => {
  place = await makeTemporary();
  broker = await startBroker();
  link = linkTo(broker.port);
});
afterAll(async () => {
  await link[Symbol.asyncDispose]();
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function linkTo(port: number, user = broker.user): Link {
  const address = addressOf(`amqp://127.0.0.1:${port}`);
  return makeLink({ address, credentials: credentialsIn(`${place.path}/${user.name}`, address, user) });
}

function specs(config: string): { exchange: { name: string; durable: boolean }; queue: QueueSpec } {
  const exchange = { name: exchangeName("hotdir", config), durable: true };
  const name = queueName({ user: "hotdir", component: "sender", config, share: "ada_lab_00000007" });
  return {
    exchange,
    queue: { name, durable: true, expireMs: null, messageTtlMs: null, bindings: [{ exchange: exchange.name, key: bindingKeyOf("#") }] },
  };
}

test("exchanges and queues are what sr3 declares, and only what holds nothing is removed unasked", async () => {
  const { exchange, queue } = specs("declared");
  const expiring = { ...queue, name: `${queue.name}_expiring`, expireMs: 86_400_000, messageTtlMs: 60_000 };
  const connection = await link.connection(signal);
  const topology = { exchanges: [exchange], queues: [queue, expiring] };
  for (let times = 0; times < 2; times += 1) {
    expect((await declareAll(connection, topology)).map(({ outcome }) => outcome)).toEqual(["declared", "declared", "declared"]);
  }
  const [queues, exchanges, bindings] = await Promise.all([
    broker.ctl("list_queues", "name", "durable", "auto_delete", "exclusive", "type", "arguments"),
    broker.ctl("list_exchanges", "name", "type", "durable", "auto_delete", "internal", "arguments"),
    broker.ctl("list_bindings", "source_name", "destination_name", "routing_key", "arguments"),
  ]);
  expect(queues).toContain(`${queue.name}\ttrue\tfalse\tfalse\tclassic\t[]`);
  expect(queues).toMatch(/_expiring\ttrue\tfalse\tfalse\tclassic\t\[\{"x-expires",86400000\},\{"x-message-ttl",60000\}\]/);
  expect(exchanges).toContain(`xs_hotdir_declared\ttopic\ttrue\tfalse\tfalse\t[]`);
  expect(bindings).toContain(`xs_hotdir_declared\t${queue.name}\tv03.#\t[]`);
  // Another's arguments are told, and nothing is changed.
  const more = [{ exchange: exchange.name, key: "v03.more" }];
  expect(await declareAll(connection, { exchanges: [], queues: [{ ...queue, expireMs: 5000, bindings: more }] })).toMatchObject([
    { outcome: "differs" },
  ]);
  // What is wanted from it comes all the same.
  expect(await broker.ctl("list_bindings", "destination_name", "routing_key")).toContain(`${queue.name}\tv03.more`);

  await using publisher = new Publisher({
    link,
    clock,
    backoff,
    windowMax: 10,
    confirmTimeoutMs: 5000,
    prepare: async (channel) => declareExchange(channel, exchange),
  });
  await publishUntilConfirmed(
    publisher,
    { exchange: exchange.name, routingKey: "v03", body: Buffer.from("{}"), properties: { deliveryMode: 2, headers: {} } },
    signal,
  );
  expect((await removeAll(connection, topology, { withMessages: false })).map(({ outcome }) => outcome)).toEqual(["kept", "kept", "kept"]);
  expect((await removeAll(connection, topology, { withMessages: true })).map(({ outcome }) => outcome)).toEqual([
    "removed",
    "removed",
    "removed",
  ]);
  expect((await removeAll(connection, topology, { withMessages: true })).map(({ outcome }) => outcome)).toEqual([
    "absent",
    "absent",
    "absent",
  ]);
});

test("what the broker forbids is told object by object", async () => {
  await using limited = linkTo(broker.port, broker.limited);
  const connection = await limited.connection(signal);
  const { exchange, queue } = specs("forbidden");
  const mine = { ...queue, name: "q_limited.sender.x.y", bindings: [] };
  expect(await declareAll(connection, { exchanges: [exchange, { name: "xs_limited_x", durable: true }], queues: [mine] })).toMatchObject([
    { outcome: "refused", detail: /ACCESS_REFUSED/ },
    { outcome: "declared" },
    { outcome: "declared" },
  ]);
});

test("a message goes out as sr3 sends it, and comes in as the change that it was", async () => {
  const { exchange, queue } = specs("round");
  await declareAll(await link.connection(signal), { exchanges: [exchange], queues: [queue] });
  const received: Delivery[] = [];
  await using setAside = new SetAside({ link, clock, backoff, queue: queue.name });
  await using consumer = new Consumer({
    link,
    clock,
    backoff,
    queue,
    declare: true,
    prefetch: 5,
    setAside,
    handle: async (delivery) => (received.push(delivery), { outcome: "done" }),
  });
  await using publisher = new Publisher({
    link,
    clock,
    backoff,
    windowMax: 10,
    confirmTimeoutMs: 5000,
    prepare: async (channel) => declareExchange(channel, exchange),
  });
  const change = { kind: "delete" as const, path: relPath(bytesOfText("été#/a*/x")) };
  const { routingKey, properties, body } = wireMessage(
    fieldsOf({ change, pubTimeNs: 1_800_000_000_000_000_000n, baseUrl: "file:/hot", source: "hotdir" }),
    change.path,
  );
  await publishUntilConfirmed(publisher, { exchange: exchange.name, routingKey, properties, body }, signal);
  const delivery = await waitUntil("it arrives", () => received[0]);
  expect(delivery).toMatchObject({
    routingKey: "v03.été%23.a%22",
    exchange: exchange.name,
    contentType: "application/json",
    contentEncoding: "utf-8",
    headers: {},
    returns: 0,
  });
  const decoded = decodeMessage(delivery);
  if (!decoded.ok) throw new Error("refused");
  expect(changeOf(decoded.message)).toMatchObject({ change });
  await waitUntil("it is acknowledged", () => consumer.counts.done === 1);
});

test("what fails for a passing reason comes back later and holds up nobody; what is dead waits with its reason", async () => {
  const { exchange, queue } = specs("outcomes");
  await declareAll(await link.connection(signal), { exchanges: [exchange], queues: [queue] });
  const story: string[] = [];
  const outcomes: Record<string, (delivery: Delivery) => Outcome> = {
    passing: ({ returns }) => (returns < 2 ? { outcome: "again", afterMs: 100, reason: "no space", counted: true } : { outcome: "done" }),
    hopeless: () => ({ outcome: "dead", reason: "it never works" }),
    throwing: () => {
      throw new Error("password=hunter22 did not help");
    },
    fine: () => ({ outcome: "done" }),
  };
  await using setAside = new SetAside({ link, clock, backoff, queue: queue.name });
  await using returns = new Returns({ link, clock, backoff, queue: queue.name, setAside });
  await using consumer = new Consumer({
    link,
    clock,
    backoff,
    queue,
    declare: true,
    prefetch: 1,
    setAside,
    handle: async (delivery) => {
      const name = delivery.body.toString();
      story.push(`${name} ${delivery.returns} ${delivery.routingKey}`);
      return outcomes[name]!(delivery);
    },
  });
  await using publisher = new Publisher({
    link,
    clock,
    backoff,
    windowMax: 10,
    confirmTimeoutMs: 5000,
    prepare: async (channel) => declareExchange(channel, exchange),
  });
  for (const name of ["passing", "hopeless", "throwing", "fine"]) {
    const publication = {
      exchange: exchange.name,
      routingKey: `v03.${name}`,
      body: Buffer.from(name),
      properties: { deliveryMode: 2, headers: { own: 1 } },
    };
    await publishUntilConfirmed(publisher, publication, signal);
  }
  await waitUntil(
    "all came to their ends",
    () => consumer.counts.done === 2 && consumer.counts.dead === 1 && consumer.counts.failed === 1,
    {
      explain: () => JSON.stringify([story, consumer.counts, consumer.state]),
    },
  );
  // The one that threw waits a while yet.
  await waitUntil("it is held", () => returns.held === 1);
  expect(story.filter((line) => line.startsWith("passing"))).toEqual([
    "passing 0 v03.passing",
    "passing 1 v03.passing",
    "passing 2 v03.passing",
  ]);
  expect(story.indexOf("fine 0 v03.fine")).toBeLessThan(story.indexOf("passing 1 v03.passing"));
  const channel = await (await link.connection(signal)).model.createChannel();
  const dead = await channel.get(`${queue.name}.dead`, { noAck: true });
  if (dead === false) throw new Error("no dead letter");
  expect(dead.content.toString()).toBe("hopeless");
  expect(dead.properties.headers).toMatchObject({ own: 1, "x-hotdir-reason": "it never works", "x-hotdir-routing-key": "v03.hopeless" });
  await channel.close();
});

test("a message that no queue wants is told from one that has a home", async () => {
  const { exchange } = specs("homeless");
  await using publisher = new Publisher({
    link,
    clock,
    backoff,
    windowMax: 10,
    confirmTimeoutMs: 5000,
    prepare: async (channel) => declareExchange(channel, exchange),
  });
  await waitUntil("it is ready", () => publisher.state.state === "ready");
  const publication = { exchange: exchange.name, routingKey: "v03", body: Buffer.from("{}"), properties: { deliveryMode: 2, headers: {} } };
  expect(await publisher.publish(publication)).toEqual({ outcome: "unrouted" });
});

test("amqps takes the given authority and no other, and the name must be the broker's", async () => {
  const secure = (host: string, caFile: string | null): Link => {
    const address = addressOf(`amqps://${host}:${broker.tlsPort}`);
    return makeLink({ address, caFile, credentials: credentialsIn(`${place.path}/tls-${host}`, address, broker.user) });
  };
  await using trusted = secure("localhost", broker.caFile);
  expect((await linkBecomes(trusted, "ready")).server).toMatch(/^RabbitMQ 3\./);
  await using unknown = secure("localhost", null);
  expect((await linkBecomes(unknown, "waiting")).trouble).toMatchObject({ trouble: "certificate-refused" });
  await using another = secure("127.0.0.1", broker.caFile);
  expect((await linkBecomes(another, "waiting")).trouble).toMatchObject({ trouble: "certificate-refused", detail: /ALTNAME/ });
});

test("a wrong password, a missing vhost, a file that others can read: each is said, and no password is", async () => {
  const address = addressOf(`amqp://hotdir@127.0.0.1:${broker.port}`);
  const file = `${place.path}/wrong`;
  await using wrong = makeLink({ address, credentials: credentialsIn(file, address, { name: "hotdir", password: "wrong-secret" }) });
  const state = await linkBecomes(wrong, "waiting");
  expect(state).toMatchObject({ trouble: { trouble: "login-refused" } });
  expect(
    inspect([state, await readCredentials(file as AbsPath, address)], { depth: 9 }) +
      JSON.stringify(await readCredentials(file as AbsPath, address)),
  ).not.toContain("wrong-secret");

  const elsewhere = addressOf(`amqp://127.0.0.1:${broker.port}/nowhere`);
  const vhostFile = `${place.path}/vhost`;
  writeFileSync(vhostFile, `amqp://hotdir:${broker.user.password}@127.0.0.1:${broker.port}/nowhere\n`, { mode: 0o600 });
  await using noVhost = makeLink({ address: elsewhere, credentials: async () => readCredentials(vhostFile as AbsPath, elsewhere) });
  expect(await linkBecomes(noVhost, "waiting")).toMatchObject({ trouble: { trouble: "vhost-refused" } });

  chmodSync(vhostFile, 0o640);
  await using open = makeLink({ address: elsewhere, credentials: async () => readCredentials(vhostFile as AbsPath, elsewhere) });
  expect(await linkBecomes(open, "waiting")).toMatchObject({
    trouble: { trouble: "no-credentials", detail: `${vhostFile} can be read by others (mode 640): chmod 600 ${vhostFile}` },
  });
});
