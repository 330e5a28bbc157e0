import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Hosts, makeHosts } from "../support/hosts.ts";
import { type HeardMessage, listenTo } from "../support/queue-listener.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";

let hosts: Hosts;

beforeAll(async () => {
  hosts = await makeHosts();
});
afterAll(async () => {
  await hosts[Symbol.asyncDispose]();
});

const sha512 = (content: Buffer): string => createHash("sha512").update(content).digest("base64");

/** Writes, writes anew and renames, as programs do, until it is told to stop. How many files it made. */
async function write(source: string, random: Random, signal: AbortSignal): Promise<number> {
  let made = 0;
  while (!signal.aborted) {
    for (let count = random.between(1, 10); count > 0; count--) {
      const name = `${source}/d${made % 7}/f${made}`;
      made++;
      mkdirSync(name.slice(0, name.lastIndexOf("/")), { recursive: true });
      writeFileSync(`${name}.part`, random.fill(random.between(1, 5000)));
      renameSync(`${name}.part`, name);
      const again = `${source}/again${random.between(0, 9)}`;
      writeFileSync(again, random.fill(random.between(1, 5000)));
    }
    await sleep(random.between(20, 100));
  }
  return made;
}

function filesIn(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((path) => statSync(`${directory}/${path}`).isFile());
  return new Map(files.map((path) => [path, sha512(readFileSync(`${directory}/${path}`))]));
}

const valueOf = ({ fields }: HeardMessage): string | null => (fields["identity"] as { value?: string } | undefined)?.value ?? null;

/** Of every file the last message tells what it is now, and no two messages of one identity tell different things. */
function judge(files: Map<string, string>, heard: HeardMessage[]): string[] {
  const told = new Map<string, string>();
  const identities = new Map<string, string>();
  const wrong: string[] = [];
  for (const message of heard) {
    const { relPath, pubTime, fileOp } = message.fields;
    const value = valueOf(message);
    if (value !== null) told.set(String(relPath), value);
    const identity = `${String(relPath)} ${String(pubTime)}`;
    const says = JSON.stringify([value, fileOp]);
    if ((identities.get(identity) ?? says) !== says) wrong.push(`${identity}: ${says} and ${identities.get(identity)}`);
    identities.set(identity, says);
  }
  for (const [path, value] of files)
    if (told.get(path) !== value) wrong.push(`${path}: ${told.has(path) ? "told otherwise" : "never told"}`);
  return wrong;
}

const source = (name: string): object => ({
  directory: hosts.place(`${name}/source`),
  reject: ["\\.part$"],
  rescan: "2s",
  propagate: ["put", "rename", "mkdir"],
});

test.each([
  ["published", (exchange: string) => ({ source: source("published"), destination: { publish: { ...hosts.broker, exchange } } })],
  [
    "announced",
    (exchange: string) => ({
      source: source("announced"),
      destination: { url: `file:${hosts.place("announced/destination")}`, verify: "sha512" },
      announce: { ...hosts.broker, exchange },
    }),
  ],
])("what is %s while broker and daemon are killed again and again is heard, all of it, and each change as itself", async (name, flowOf) => {
  const random = new Random(chooseSeed(name));
  const exchange = `xs_${name}`;
  await using listener = await listenTo(hosts.rabbitmq, hosts.directory, exchange);
  const hotdir = hosts.host(name, { flow: flowOf(exchange) });
  const directory = hosts.place(`${name}/source`);
  hotdir.start();
  const stop = new AbortController();
  const writing = write(directory, random, stop.signal);
  for (let round = 0; round < 4; round++) {
    await sleep(random.between(300, 1500));
    await hosts.rabbitmq.kill();
    await sleep(random.between(0, 500));
    if (round % 2 === 1) {
      await hotdir.killHard();
      hotdir.start();
    }
    await hosts.rabbitmq.start();
  }
  await sleep(500);
  stop.abort();
  const made = await writing;
  const files = filesIn(directory);
  expect(files.size).toBe(made + 10);
  let wrong: string[] = [];
  await waitUntil(
    "every file was told of as it is",
    async () => {
      wrong = judge(files, await listener.heard());
      return wrong.length === 0;
    },
    // A broker that was away for long is tried again after a minute at most.
    { timeoutMs: 120_000, everyMs: 500, explain: () => `${wrong.length} wrong:\n${wrong.slice(0, 20).join("\n")}\n${hotdir.log()}` },
  );
  await hotdir.waitIdle(files.size);
  expect(await hotdir.stop()).toBe(0);
});
