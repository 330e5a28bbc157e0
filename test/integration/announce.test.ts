import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hotdir } from "../support/daemon.ts";
import { type Hosts, makeHosts } from "../support/hosts.ts";
import { type HeardMessage, listenTo, type QueueListener } from "../support/queue-listener.ts";
import { waitUntil } from "../support/waiting.ts";
import { writeFiles } from "./engine-world.ts";

let hosts: Hosts;

beforeAll(async () => {
  hosts = await makeHosts();
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});

type Sections = Record<string, unknown>;

/** A flow that publishes what happens in a directory, and a queue that hears it. */
async function publisher(name: string, more: { source?: Sections; publish?: Sections } = {}) {
  const source = hosts.place(`${name}/source`);
  const exchange = `xs_${name}`;
  const listener = await listenTo(hosts.rabbitmq, hosts.directory, exchange);
  const hotdir = hosts.host(name, {
    up: {
      source: { directory: source, propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"], rescan: "2s", ...more.source },
      destination: { publish: { ...hosts.broker, exchange, source: "bob", ...more.publish } },
    },
  });
  return { source, hotdir, listener, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

/** All that was heard, once it is as wanted. */
async function hears(
  listener: QueueListener,
  hotdir: Hotdir,
  wanted: number | ((heard: HeardMessage[]) => boolean),
): Promise<HeardMessage[]> {
  let last: HeardMessage[] = [];
  return await waitUntil(
    "what was told is heard",
    async () => {
      last = [...(await listener.heard())];
      return (typeof wanted === "number" ? last.length >= wanted : wanted(last)) ? last : null;
    },
    { timeoutMs: 40_000, everyMs: 100, explain: () => `${JSON.stringify(last.map(({ body }) => body))}\n${hotdir.log()}` },
  );
}

const sha512 = (content: string): string => createHash("sha512").update(content).digest("base64");
const octal = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

test("what happens in a directory is told as Sarracenia's watch tells it, byte for byte where the format fixes them", async () => {
  await using world = await publisher("tells", { publish: { headers: { JOBID: "42" } } });
  const { source, hotdir, listener } = world;
  writeFiles(source, { "t/a/b/3.txt": "content\n", empty: "" });
  symlinkSync("3.txt", `${source}/t/a/b/l`);
  hotdir.start();
  const first = await hears(listener, hotdir, 6);
  const said = (path: string): HeardMessage => first.find(({ fields }) => fields["relPath"] === path)!;
  const { routingKey, properties, body, fields } = said("t/a/b/3.txt");
  expect(routingKey).toBe("v03.t.a.b");
  expect(properties).toEqual({ contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 2, headers: {} });
  const { pubTime, mtime } = fields;
  expect(pubTime).toMatch(/^\d{8}T\d{6}(\.\d{1,9})?$/);
  expect(body).toBe(
    `{"pubTime": "${String(pubTime)}", "JOBID": "42", "relPath": "t/a/b/3.txt", "baseUrl": "file:${source}", "source": "bob", "mode": "${octal(`${source}/t/a/b/3.txt`)}", "size": 8, "mtime": "${String(mtime)}", "atime": "${String(mtime)}", "identity": {"method": "sha512", "value": "${sha512("content\n")}"}, "contentType": "application/octet-stream"}`,
  );
  expect(said("empty").fields).toMatchObject({ size: 0, contentType: "inode/x-empty", identity: { value: sha512("") } });
  expect(said("t/a/b/l").fields["fileOp"]).toEqual({ link: "3.txt" });
  expect(said("t/a").fields).toMatchObject({ mode: octal(`${source}/t/a`), fileOp: { directory: "" }, contentType: "text/directory" });

  renameSync(`${source}/empty`, `${source}/t/full`);
  await hears(listener, hotdir, 7);
  rmSync(`${source}/t/full`);
  mkdirSync(`${source}/gone`);
  await hears(listener, hotdir, 9);
  rmdirSync(`${source}/gone`);
  const last = (await hears(listener, hotdir, 10)).slice(6);
  const toldOf = (path: string): unknown[] =>
    last.filter((message) => message.fields["relPath"] === path).map((message) => message.fields["fileOp"]);
  expect(toldOf("t/full")).toEqual([{ rename: `${source}/empty` }, { remove: "" }]);
  expect(toldOf("gone")).toEqual([{ directory: "" }, { remove: "", directory: "" }]);
  await hotdir.waitIdle(1);
  const status = JSON.parse((await hotdir.ask("status", "--json")).stdout) as { flows: Array<Record<string, unknown>> };
  expect(status.flows[0]).toMatchObject({ state: "running", guarantee: "announced", counts: { seen: 10, delivered: 10 } });
  const story = (await hotdir.ask("explain", `${source}/t/a/b/3.txt`)).stdout;
  expect(story).toContain("told to the broker");
  expect(story).toContain("the broker has the message for good; no bytes were compared");
  // A message proves no file to be anywhere.
  const receipts = await hotdir.ask("receipts", "--format", "json");
  expect([receipts.status, JSON.parse(receipts.stdout)]).toEqual([0, []]);
  await hotdir.stop();
});

test("small files travel in the message, and only these", async () => {
  await using world = await publisher("inline", { publish: { inline: "10B" } });
  writeFiles(world.source, { small: "0123456789", binary: Buffer.from([0xff, 0]), large: "0123456789x" });
  world.hotdir.start();
  const heard = await hears(world.listener, world.hotdir, 3);
  expect(Object.fromEntries(heard.map(({ fields }) => [fields["relPath"], fields["content"] ?? null]))).toEqual({
    small: { encoding: "utf-8", value: "0123456789" },
    binary: { encoding: "base64", value: "/wA=" },
    large: null,
  });
  await world.hotdir.stop();
});

test("deliveries are told of with their new place, after their receipt; what is delivered while the broker is away is told when it is back", async () => {
  const [source, destination] = [hosts.place("announces/source"), hosts.place("announces/destination")];
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, "xs_announces");
  const hotdir = hosts.host("announces", {
    down: {
      source: { directory: source, propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"], rescan: "2s" },
      destination: { url: `file:${destination}`, verify: "sha512" },
      announce: { ...hosts.broker, exchange: "xs_announces", base_url: "sftp://hub/in" },
    },
  });
  writeFiles(source, { "d/a": "one", b: "two" });
  hotdir.start();
  const first = await hears(listener, hotdir, 3);
  expect(Object.fromEntries(first.map(({ fields: { relPath, baseUrl, identity } }) => [relPath, [baseUrl, identity ?? null]]))).toEqual({
    d: ["sftp://hub/in", null],
    "d/a": ["sftp://hub/in", { method: "sha512", value: sha512("one") }],
    b: ["sftp://hub/in", { method: "sha512", value: sha512("two") }],
  });

  await hosts.rabbitmq.kill();
  renameSync(`${source}/b`, `${source}/c`);
  writeFiles(source, { "d/a": "another" });
  await hotdir.waitIdle(1);
  expect(statSync(`${destination}/c`).size).toBe(3);
  const story = await waitUntil("the broker is missed", async () => {
    const { stdout } = await hotdir.ask("explain", `${source}/c`);
    return stdout.includes("others are still to be told of it") ? stdout : null;
  });
  expect(story).toContain("others are told of it once the broker takes the message");
  await hotdir.killHard();
  await hosts.rabbitmq.start();
  hotdir.start();
  // A broker that was killed may give once more what it had given, and what it had not confirmed is told again.
  const has = (heard: HeardMessage[], path: string, content: string): HeardMessage | undefined =>
    heard.find(({ fields: { relPath, identity } }) => relPath === path && (identity as { value?: string })?.value === sha512(content));
  const later = await hears(
    listener,
    hotdir,
    (heard) => has(heard, "c", "two") !== undefined && has(heard, "d/a", "another") !== undefined,
  );
  expect(has(later, "c", "two")!.fields["fileOp"]).toEqual({ rename: "/in/b" });
  expect(new Set(later.map(({ fields: { relPath, pubTime } }) => `${String(relPath)} ${String(pubTime)}`)).size).toBe(5);
  await hotdir.stop();
});

test("until somebody listens files wait, and the first who does gets them; where nobody does any more status and log say so", async () => {
  const source = hosts.place("unheard/source");
  const hotdir = hosts.host("unheard", {
    up: { source: { directory: source, rescan: "2s" }, destination: { publish: { ...hosts.broker, exchange: "xs_unheard" } } },
  });
  writeFiles(source, { early: "1" });
  hotdir.start();
  const waiting = await hotdir.waitFor("it waits for a listener", ({ flows }) => flows[0]?.state === "waiting");
  expect(waiting.flows[0]).toMatchObject({ reason: expect.stringContaining("nobody listens yet") as string, counts: { delivered: 0 } });
  {
    await using first = await listenTo(hosts.rabbitmq, hosts.directory, "xs_unheard");
    expect((await hears(first, hotdir, 1)).map(({ fields }) => fields["relPath"])).toEqual(["early"]);
    await first.leave();
  }
  writeFileSync(`${source}/unheard`, "2");
  await waitUntil("the log says it", () => hotdir.log().includes("nobody listens:"));
  await hotdir.waitIdle(2);
  expect((await hotdir.ask("explain", `${source}/unheard`)).stdout).toContain("nobody listens: the broker had no queue for the message");
  const { flows } = JSON.parse((await hotdir.ask("status", "--json")).stdout) as { flows: Array<Record<string, unknown>> };
  expect(flows[0]).toMatchObject({ state: "running", notice: expect.stringContaining("nobody listens") as string });
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, "xs_unheard");
  writeFileSync(`${source}/late`, "3");
  const heard = await hears(listener, hotdir, 1);
  expect(heard.map(({ fields }) => fields["relPath"])).toEqual(["late"]);
  await hotdir.stop();
});

test("a run that ends when idle has told of all that it delivered", async () => {
  const [source, destination] = [hosts.place("once/source"), hosts.place("once/destination")];
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, "xs_once");
  const announce = { ...hosts.broker, exchange: "xs_once" };
  const hotdir = hosts.host("once", { down: { source: { directory: source }, destination: { url: `file:${destination}` }, announce } });
  writeFiles(source, Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`f${index}`, `${index}`])));
  expect(await hotdir.runUntilIdle()).toBe(0);
  const heard = await listener.heard();
  expect(new Set(heard.map(({ fields }) => fields["relPath"])).size).toBe(700);
  expect(heard[0]!.fields["baseUrl"]).toBe(`file:${destination}`);
});
