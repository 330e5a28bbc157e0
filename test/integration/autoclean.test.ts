import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hotdir } from "../support/daemon.ts";
import { type Hosts, makeHosts } from "../support/hosts.ts";
import { waitUntil } from "../support/waiting.ts";
import { writeFiles } from "./engine-world.ts";

let hosts: Hosts;
beforeAll(async () => {
  hosts = await makeHosts();
}, 120_000);
afterAll(async () => hosts[Symbol.asyncDispose](), 60_000);

/** The uplink: what is made in a directory is sent to the cluster, and each delivery is announced there. */
function uplink(source: string, cluster: string, exchange: string): object {
  return {
    source: { directory: source },
    destination: { url: `${hosts.far.url}${cluster}`, ssh: hosts.far.ssh, keep_free: "0%" },
    announce: { ...hosts.broker, exchange },
  };
}

function cleaning(directory: string, exchange: string, more: object = {}): object {
  return { source: { subscribe: { ...hosts.broker, exchange } }, destination: { remove: { directory, ...more } } };
}

/** First who announces, then who listens: an exchange is made by those who publish to it. */
async function declare(...those: Hotdir[]): Promise<void> {
  for (const hotdir of those) expect(await hotdir.ask("declare")).toMatchObject({ status: 0 });
}

/** Names below a directory, directories without a file among them left out. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(directory.length + 1))
    .toSorted();
}

function files(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`run ${at % 7}/${at}.nc`, `content ${at}`]));
}

test("what has arrived at the cluster goes from the uplink directory, and nothing else does", { timeout: 120_000 }, async () => {
  const [source, cluster] = [hosts.place("uplink"), hosts.place("cluster")];
  const lab = hosts.host("lab", { up: uplink(source, cluster, "xs_done"), clean: cleaning(source, "xs_done") });
  await declare(lab);
  lab.start();
  const made = files(60);
  writeFiles(source, made);
  await waitUntil("an empty uplink", () => filesIn(cluster).length === 60 && filesIn(source).length === 0, { explain: () => lab.log() });
  for (const [name, content] of Object.entries(made)) expect(readFileSync(`${cluster}/${name}`, "utf8")).toBe(content);
  const story = await lab.ask("explain", "-f", "clean", `${source}/run 0/0.nc`);
  expect(story.stdout).toMatch(/delivered.*it went from here, since it is elsewhere/);
  await lab.stop();
});

test("a file that is another one by now stays, and it is told why", { timeout: 120_000 }, async () => {
  const [source, cluster, held] = [hosts.place("uplink2"), hosts.place("cluster2"), `${hosts.directory}/held2`];
  const lab = hosts.host("lab2", { up: uplink(source, cluster, "xs_done2") });
  const cleaner = hosts.host("cleaner2", { clean: cleaning(source, "xs_done2", { hold: held }) });
  // The queue takes what is announced while nobody cleans.
  await declare(lab, cleaner);
  writeFiles(source, { "same.nc": "one", "changed.nc": "two" });
  expect(await lab.runUntilIdle()).toBe(0);
  expect(filesIn(cluster)).toEqual(["changed.nc", "same.nc"]);
  writeFileSync(`${source}/changed.nc`, "two, and more");
  cleaner.start();
  await waitUntil("the file that is the same", () => !existsSync(`${source}/same.nc`), { explain: () => cleaner.log() });
  const story = await waitUntil(
    "the reason",
    async () => {
      const { stdout } = await cleaner.ask("explain", `${source}/changed.nc`);
      return stdout.includes("superseded") ? stdout : null;
    },
    { explain: () => cleaner.log() },
  );
  expect(story).toMatch(/the file stays: it is not what was announced: sha\d+ [0-9a-f]+ here, [0-9a-f]+ there/);
  expect(filesIn(source)).toEqual(["changed.nc"]);
  expect(filesIn(held)).toEqual(["same.nc"]);
  await cleaner.stop();
});

test(
  "a cleaner that is killed again and again takes all of them, and leaves nothing under a name of ours",
  { timeout: 180_000 },
  async () => {
    const [source, cluster] = [hosts.place("uplink3"), hosts.place("cluster3")];
    const lab = hosts.host("lab3", { up: uplink(source, cluster, "xs_done3") });
    const cleaner = hosts.host("cleaner3", { clean: cleaning(source, "xs_done3") });
    await declare(lab, cleaner);
    writeFiles(source, files(400));
    expect(await lab.runUntilIdle()).toBe(0);
    expect(filesIn(cluster)).toHaveLength(400);
    for (const least of [20, 120, 250]) {
      cleaner.start();
      await waitUntil(`${least} files gone`, () => filesIn(source).length <= 400 - least, { everyMs: 2, explain: () => cleaner.log() });
      await cleaner.killHard();
    }
    cleaner.start();
    await waitUntil("an empty uplink", () => filesIn(source).length === 0, { explain: () => cleaner.log() });
    await cleaner.stop();
    expect(filesIn(source)).toEqual([]);
    expect(filesIn(cluster)).toHaveLength(400);
  },
);

test("a second cluster pulls what arrived at the first, by its announcements", { timeout: 120_000 }, async () => {
  const [source, first, second] = [hosts.place("uplink4"), hosts.place("cluster4a"), hosts.place("cluster4b")];
  const lab = hosts.host("lab4", { up: uplink(source, first, "xs_first") });
  const b = hosts.host("b4", {
    pull: {
      source: { subscribe: { ...hosts.broker, exchange: "xs_first" }, ssh: hosts.far.ssh },
      destination: { url: `file:${second}`, keep_free: "0%" },
      announce: { ...hosts.broker, exchange: "xs_second" },
    },
  });
  await declare(lab, b);
  const made = files(30);
  writeFiles(source, made);
  expect(await lab.runUntilIdle()).toBe(0);
  b.start();
  await waitUntil("all files", () => Object.keys(made).every((name) => existsSync(`${second}/${name}`)), { explain: () => b.log() });
  for (const [name, content] of Object.entries(made)) expect(readFileSync(`${second}/${name}`, "utf8")).toBe(content);
  await b.stop();
});

test(
  "a sender whose changes are messages removes what it has delivered itself, below the directory that it may",
  { timeout: 120_000 },
  async () => {
    const [source, cluster] = [hosts.place("uplink5"), hosts.place("cluster5")];
    const told = { source: { directory: source }, destination: { publish: { ...hosts.broker, exchange: "xs_told" } } };
    const sent = {
      source: { subscribe: { ...hosts.broker, exchange: "xs_told" }, base: source },
      destination: { url: `${hosts.far.url}${cluster}`, ssh: hosts.far.ssh, keep_free: "0%" },
      retain: { delete_after: "0s" },
    };
    const lab = hosts.host("lab5", { told, sent });
    await declare(lab);
    lab.start();
    const made = files(40);
    writeFiles(source, made);
    await waitUntil("an empty uplink", () => filesIn(cluster).length === 40 && filesIn(source).length === 0, { explain: () => lab.log() });
    for (const [name, content] of Object.entries(made)) expect(readFileSync(`${cluster}/${name}`, "utf8")).toBe(content);
    await lab.stop();
  },
);

test("two cleaners of one directory share the work, and take nothing of each other's", { timeout: 180_000 }, async () => {
  const [source, cluster] = [hosts.place("uplink6"), hosts.place("cluster6")];
  const lab = hosts.host("lab6", { up: uplink(source, cluster, "xs_done6") });
  const cleaners = ["one", "two"].map((name) => hosts.host(name, { clean: cleaning(source, "xs_done6") }));
  await declare(lab, ...cleaners);
  const made = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`run/${at}.nc`, `content ${at}`]));
  writeFiles(source, made);
  expect(await lab.runUntilIdle()).toBe(0);
  for (let at = 0; at < 300; at += 10) writeFileSync(`${source}/run/${at}.nc`, `another ${at}`);
  for (const cleaner of cleaners) cleaner.start();
  const left = (): string[] => filesIn(source);
  await waitUntil("what is the same", () => left().length === 30, { explain: () => cleaners.map((one) => one.log()).join("") });
  for (const cleaner of cleaners) await cleaner.stop();
  expect(left()).toHaveLength(30);
  for (let at = 0; at < 300; at += 10) expect(readFileSync(`${source}/run/${at}.nc`, "utf8")).toBe(`another ${at}`);
});
