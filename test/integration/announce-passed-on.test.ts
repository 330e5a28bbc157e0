import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hotdir } from "../support/daemon.ts";
import { type Hosts, makeHosts } from "../support/hosts.ts";
import { type HeardMessage, listenTo, publishBodies, type QueueListener } from "../support/queue-listener.ts";
import { waitUntil } from "../support/waiting.ts";
import { writeFiles } from "./engine-world.ts";

let hosts: Hosts;

beforeAll(async () => {
  hosts = await makeHosts();
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});

const sha512 = (content: string): string => createHash("sha512").update(content).digest("base64");

async function hears(listener: QueueListener, hotdir: Hotdir, count: number): Promise<HeardMessage[]> {
  return await waitUntil(
    `${count} messages are heard`,
    async () => {
      const heard = await listener.heard();
      return heard.length >= count ? heard : null;
    },
    { timeoutMs: 40_000, everyMs: 100, explain: () => hotdir.log() },
  );
}

/** A message as Sarracenia writes it, with a field that nobody here knows. */
function body(relPath: string, more: string, pubTime = "20261122T010319.208355427"): string {
  return `{"pubTime": "${pubTime}", "relPath": "${relPath}", "baseUrl": "file:/nowhere/here", "source": "ada", ${more}, "geometry": {"type": "Point"}}`;
}
const file = (relPath: string, content: string): string =>
  body(relPath, `"mode": "644", "size": ${content.length}, "identity": {"method": "sha512", "value": "${sha512(content)}"}`);

/** A flow from one exchange on, whose queue is there before anything is published. */
async function started(name: string, sections: object): Promise<Hotdir> {
  const hotdir = hosts.host(name, { [name]: sections });
  hotdir.start();
  // Not the listener's, which may be bound there before.
  const isBound = async (): Promise<boolean> =>
    (await hosts.rabbitmq.ctl("list_bindings", "source_name", "destination_name"))
      .split("\n")
      .some((line) => line.startsWith(`xs_${name}_in\t`) && !line.includes("q_listener_"));
  await waitUntil("the queue is there", isBound, { timeoutMs: 40_000, everyMs: 300, explain: () => hotdir.log() });
  return hotdir;
}

test("a shovel passes messages on as they came, also of files that are not here, with its own name as their source", async () => {
  await using into = await listenTo(hosts.rabbitmq, hosts.directory, "xs_shovel_in");
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, "xs_shovel_out");
  const hotdir = await started("shovel", {
    source: {
      subscribe: { ...hosts.broker, exchange: "xs_shovel_in" },
      propagate: ["put", "rename", "link", "mkdir", "delete", "rmdir"],
    },
    destination: { publish: { ...hosts.broker, exchange: "xs_shovel_out", source: "bob" } },
  });
  const bodies = [
    file("d/a", "content\n"),
    body("d", `"fileOp": {"directory": ""}, "contentType": "text/directory"`),
    body("old", `"fileOp": {"remove": ""}`),
    body("l", `"fileOp": {"link": "a"}, "contentType": "text/link"`),
  ];
  await publishBodies(hosts.rabbitmq, hosts.directory, "xs_shovel_in", bodies);
  const heard = await hears(listener, hotdir, bodies.length);
  expect(await into.heard()).toHaveLength(bodies.length);
  const passedOn = bodies.map((text) => text.replace(`"source": "ada"`, `"source": "bob"`));
  expect(heard.map((message) => message.body).toSorted()).toEqual(passedOn.toSorted());
  expect(heard.find(({ fields }) => fields["relPath"] === "d/a")!.routingKey).toBe("v03.d");
  await hotdir.waitIdle(1);
  await hotdir.stop();
});

test("what was fetched is announced from its new place, under the identity of the message that it came by", async () => {
  const [source, destination] = [hosts.place("fetched/source"), hosts.place("fetched/destination")];
  writeFiles(source, { "d/a": "content\n" });
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, "xs_fetched_out");
  const exchange = "xs_fetched_in";
  await using into = await listenTo(hosts.rabbitmq, hosts.directory, exchange);
  const hotdir = await started("fetched", {
    source: { subscribe: { ...hosts.broker, exchange } },
    destination: { url: `file:${destination}`, verify: "sha512" },
    announce: { ...hosts.broker, exchange: "xs_fetched_out", base_url: "sftp://hub/in", source: "bob" },
  });
  const told = file("d/a", "content\n").replace("file:/nowhere/here", `file:${source}`);
  await publishBodies(hosts.rabbitmq, hosts.directory, exchange, [told, told]);
  const [first] = await hears(listener, hotdir, 1);
  expect(first!.body).toBe(told.replace(`file:${source}`, "sftp://hub/in").replace(`"source": "ada"`, `"source": "bob"`));
  expect(readFileSync(`${destination}/d/a`, "utf8")).toBe("content\n");
  expect(await into.heard()).toHaveLength(2);
  await hotdir.waitIdle(1);
  expect(new Set((await listener.heard()).map((message) => message.body)).size).toBe(1);
  await hotdir.stop();
});
