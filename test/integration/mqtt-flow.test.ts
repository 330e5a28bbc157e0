import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Hotdir } from "../support/daemon.ts";
import { startMosquitto, type TestMosquitto } from "../support/mosquitto.ts";
import { mqttSettings } from "../support/mqtt-bus.ts";
import { makeTemporary, type Temporary } from "../support/temporary.ts";
import { readTree } from "../support/tree.ts";
import { waitUntil } from "../support/waiting.ts";

let place: Temporary;
let broker: TestMosquitto;
let hosts: Hotdir[];

beforeEach(async () => {
  hosts = [];
  place = await makeTemporary();
  broker = await startMosquitto();
});
afterEach(async () => {
  await Promise.all(hosts.map(async (one) => one.killHard()));
  await broker[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** A daemon with one flow, started, once it has reached the broker. */
async function startHost(name: string, flow: object): Promise<Hotdir> {
  const home = `${place.path}/${name}`;
  mkdirSync(`${home}/state`, { recursive: true });
  const configFile = `${home}/hotdir.yaml`;
  writeFileSync(configFile, JSON.stringify({ page: "off", flows: { lab: flow } }));
  const hotdir = new Hotdir({ configFile, stateDirectory: `${home}/state`, home, logFile: `${home}/daemon.log` });
  hosts.push(hotdir);
  hotdir.start();
  await waitUntil(`${name} has reached the broker`, async () => /"state":\s*"ready"/.test((await hotdir.ask("status", "--json")).stdout), {
    explain: () => hotdir.log(),
  });
  return hotdir;
}

function directory(name: string): string {
  mkdirSync(`${place.path}/${name}`, { recursive: true });
  return `${place.path}/${name}`;
}

test("what is published over MQTT arrives by whichever host there is, with the broker away and a host killed in between", async () => {
  const { url, credentialsFile } = mqttSettings(place.path, broker.port, broker.user);
  const [source, mirror] = [directory("source"), directory("mirror")];
  const at = { broker: url, credentials: credentialsFile, exchange: "xs_lab" };
  const propagate = ["put", "rename", "delete"];
  const subscriber = { source: { subscribe: { ...at, queue: "q_lab" }, propagate }, destination: { url: `file:${mirror}` } };
  const [doomed] = await Promise.all([startHost("one", subscriber), startHost("two", subscriber)]);
  await startHost("watcher", { source: { directory: source, propagate }, destination: { publish: at } });

  const facts = async (tree: string): Promise<Set<string>> =>
    new Set([...(await readTree(tree))].map(([path, { kind, content }]) => `${path} ${kind} ${kind === "d" ? "" : content}`));
  let different: string[] = [];
  const equal = async (): Promise<boolean> => {
    const [wanted, there] = await Promise.all([facts(source), facts(mirror)]);
    different = [...[...wanted].filter((fact) => !there.has(fact)), ...[...there].filter((fact) => !wanted.has(fact))];
    return different.length === 0;
  };
  const arrived = async (): Promise<void> => {
    const explain = (): string => [...different, ...hosts.map((one) => one.log().slice(-2000))].join("\n");
    await waitUntil("both trees are the same", equal, { timeoutMs: 30_000, everyMs: 200, explain });
  };
  for (let number = 0; number < 40; number += 1) {
    mkdirSync(`${source}/d${number % 4}`, { recursive: true });
    writeFileSync(`${source}/d${number % 4}/f${number}`, `content ${number}`);
  }
  await arrived();

  await broker.end();
  for (let number = 40; number < 60; number += 1) writeFileSync(`${source}/d${number % 4}/f${number}`, `content ${number}`);
  renameSync(`${source}/d0/f0`, `${source}/d1/renamed`);
  rmSync(`${source}/d2/f2`);
  await broker.start();
  await doomed?.killHard();
  for (let number = 60; number < 80; number += 1) writeFileSync(`${source}/d${number % 4}/f${number}`, `content ${number}`);
  await arrived();
  expect((await readTree(mirror)).size).toBe(4 + 79);
});
