import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, flowFact, type FlowSection, isThere, namesIn, writeFiles } from "./engine-world.ts";

type Flows = Record<string, FlowSection>;

/** Three flows from one source, each to a directory of its own. */
async function threeFlows(): Promise<World> {
  const world = await makeWorld({ destination: "file" });
  configure(world, (flow) => Object.fromEntries(["a", "b", "c"].map((name) => [name, to(world, flow, name)])));
  return world;
}

function to(world: World, flow: FlowSection, name: string): FlowSection {
  return { ...flow, destination: { ...flow.destination, url: `file:${world.directory}/${name}` } };
}

function rewrite(world: World, change: (flows: Flows) => Flows): void {
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: Flows };
  writeFileSync(world.place.configFile, JSON.stringify({ ...written, flows: change(written.flows) }));
}

const states = async (world: World): Promise<Record<string, string>> =>
  Object.fromEntries((await world.hotdir.status()).flows.map(({ name, state }) => [name, state]));

const told = (world: World, text: RegExp): Promise<true> =>
  waitUntil(`the log says ${String(text)}`, () => (text.test(world.hotdir.log()) ? true : null), { explain: () => world.hotdir.log() });

test("SIGHUP takes the new configuration, and flows that are the same in it go on undisturbed", async () => {
  await using world = await threeFlows();
  world.hotdir.start();
  writeFiles(world.source, { one: "1" });
  await world.hotdir.waitIdle(1);
  const begun = (log: string): number => log.split("\n").filter((line) => line.includes("→")).length;
  expect(begun(world.hotdir.log())).toBe(3);
  rewrite(world, ({ a, b, c }) => ({ a: a!, b: to(world, b!, "elsewhere"), d: to(world, c!, "d") }));
  process.kill(world.hotdir.pid, "SIGHUP");
  await told(world, /reloaded .*started d; restarted b; ended c; unchanged a/);
  writeFiles(world.source, { two: "2" });
  await world.hotdir.waitIdle(2, 15_000);
  for (const path of ["a/two", "elsewhere/one", "elsewhere/two", "d/one", "d/two"])
    expect(isThere(`${world.directory}/${path}`), path).toBe(true);
  for (const path of ["b/two", "c/two"]) expect(isThere(`${world.directory}/${path}`), path).toBe(false);
  expect(begun(world.hotdir.log())).toBe(5);
});

test("a faulty configuration is refused as a whole, said, and the old one runs on", async () => {
  await using world = await threeFlows();
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  const good = readFileSync(world.place.configFile, "utf8");
  const faulty = [
    good.replace('"rescan"', '"rescam"'),
    "flows: {",
    good.replace(`file:${world.directory}/b`, `file:${world.source}/below`),
  ];
  for (const text of faulty) {
    writeFileSync(world.place.configFile, text);
    const before = world.hotdir.log().match(/was not reloaded/g)?.length ?? 0;
    process.kill(world.hotdir.pid, "SIGHUP");
    await waitUntil("the refusal", () => ((world.hotdir.log().match(/was not reloaded/g)?.length ?? 0) > before ? true : null));
  }
  expect(world.hotdir.log()).toMatch(/the old one stays in force: .*hotdir\.json|rescan/s);
  writeFileSync(world.place.configFile, good);
  writeFiles(world.source, { still: "here" });
  await world.hotdir.waitIdle(1);
  for (const name of ["a", "b", "c"]) expect(isThere(`${world.directory}/${name}/still`)).toBe(true);
});

test("one flow is stopped, stays so over a restart of the daemon, and takes its new configuration when it starts", async () => {
  await using world = await threeFlows();
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect(await world.hotdir.ask("stop", "b")).toMatchObject({ status: 0 });
  expect(await states(world)).toEqual({ a: "running", b: "stopped", c: "running" });
  await world.hotdir.stop();
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect(await states(world)).toEqual({ a: "running", b: "stopped", c: "running" });
  writeFiles(world.source, { one: "1" });
  await world.hotdir.waitFor("a and c", ({ flows }) => flows.filter(({ counts }) => counts.delivered === 1).length === 2);
  expect(isThere(`${world.directory}/b/one`)).toBe(false);
  rewrite(world, (flows) => ({ ...flows, b: to(world, flows["b"]!, "b2") }));
  expect(await world.hotdir.ask("start", "b")).toMatchObject({ status: 0 });
  await world.hotdir.waitIdle(1);
  expect(isThere(`${world.directory}/b2/one`)).toBe(true);
  const again = await world.hotdir.ask("restart", "nothing");
  expect(again.status).not.toBe(0);
  expect(again.stderr).toContain("there are a, b, c");
});

test("a paused flow records what comes and sends nothing, also after a restart, until it is resumed", async () => {
  await using world = await makeWorld({ destination: "file" });
  world.hotdir.start();
  await world.hotdir.waitFor("the daemon", ({ daemon }) => daemon.running);
  expect(await world.hotdir.ask("pause", "world")).toMatchObject({ status: 0 });
  writeFiles(world.source, { one: "1" });
  const queued = await world.hotdir.waitFor("one in the queue", ({ flows }) => flows[0]?.counts.queued === 1);
  expect(queued.flows[0]).toMatchObject({ state: "paused", reason: "paused by hand" });
  await world.hotdir.stop();
  expect(await world.hotdir.runUntilIdle()).toBe(1);
  expect(world.hotdir.log()).toContain("world is paused, and 1 file wait");
  expect(isThere(`${world.destination}/one`)).toBe(false);
  world.hotdir.start();
  await world.hotdir.waitFor("paused", ({ flows }) => flows[0]?.state === "paused");
  expect(await world.hotdir.ask("resume", "world")).toMatchObject({ status: 0 });
  await world.hotdir.waitFor("delivered", ({ flows }) => flows[0]?.counts.delivered === 1);
});

test("a pause in the middle of a large file hands it back uncounted, and its parts are not sent again", { timeout: 120_000 }, async () => {
  await using world = await makeWorld({ flow: { destination: { segment_above: "2M", bandwidth: "6MB/s" }, retry: { attempts: 1 } } });
  world.hotdir.start();
  writeFiles(world.source, { large: Buffer.alloc(60 * 1024 * 1024, 7) });
  await waitUntil(
    "some parts",
    async () => (((await flowFact(world, "rate")) as { bytes_per_s: number }).bytes_per_s > 2_000_000 ? true : null),
    {
      everyMs: 200,
    },
  );
  expect(await world.hotdir.ask("pause", "world")).toMatchObject({ status: 0 });
  await world.hotdir.waitFor("handed back", ({ flows }) => flows[0]?.counts.queued === 1);
  expect(await world.hotdir.ask("resume", "world")).toMatchObject({ status: 0 });
  await world.arrived(60_000);
  await world.hotdir.waitFor("delivered", ({ flows }) => flows[0]?.counts.delivered === 1);
  const story = (await world.hotdir.ask("explain", `${world.source}/large`)).stdout;
  expect(story).toContain("hotdir was asked to stop");
  expect(await world.hotdir.dead()).toEqual([]);
});

test(
  "what a large file left under its inflight name goes, also when its flow has another source by then",
  { timeout: 60_000 },
  async () => {
    await using world = await makeWorld({ destination: "file", flow: { destination: { segment_above: "1M", bandwidth: "2MB/s" } } });
    world.hotdir.start();
    writeFiles(world.source, { large: Buffer.alloc(60_000_000, 1) });
    await waitUntil("some of it", () => (namesIn(world.destination).some((name) => name.endsWith(".tmp")) ? true : null));
    writeFiles(`${world.directory}/elsewhere`, { small: "content" });
    rewrite(world, ({ world: flow }) => ({ world: { ...flow!, source: { ...flow!.source, directory: `${world.directory}/elsewhere` } } }));
    process.kill(world.hotdir.pid, "SIGHUP");
    await waitUntil("the parts to go", () => (namesIn(world.destination).join() === "small" ? true : null), {
      timeoutMs: 45_000,
      explain: () => world.hotdir.log(),
    });
    const [flow] = (await world.hotdir.status()).flows;
    expect(flow?.counts).toMatchObject({ seen: 1, delivered: 1 });
  },
);

test("a flow is stopped and started without a daemon too, for the next one", async () => {
  await using world = await threeFlows();
  writeFiles(world.source, { one: "1" });
  expect((await world.hotdir.ask("stop", "b")).stdout).toContain("b does not run when hotdir is started");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(1);
  expect(["a", "b", "c"].filter((name) => isThere(`${world.directory}/${name}/one`))).toEqual(["a", "c"]);
  expect((await world.hotdir.ask("start", "b")).stdout).toContain("b runs when hotdir does");
  expect(await world.hotdir.runUntilIdle(), world.hotdir.log()).toBe(0);
  expect(isThere(`${world.directory}/b/one`)).toBe(true);
  expect((await world.hotdir.ask("restart", "b")).status).toBe(2);
});
