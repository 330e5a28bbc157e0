import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfiguration } from "../../src/config/parse.ts";
import { FlowSet } from "../../src/daemon/flow-set.ts";
import type { Flow } from "../../src/flow/flow.ts";
import { beginRun } from "../../src/flow/ledger/claims.ts";
import { openForWriting } from "../../src/flow/ledger/database.ts";
import { tallyOf } from "../../src/flow/ledger/flows.ts";
import { writtenSegments } from "../../src/flow/ledger/segments.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { MemoryBroker } from "../support/memory-bus.ts";
import { makeTemporary } from "../support/temporary.ts";
import { chooseSeed, Random } from "../support/random.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { configure, flowFact, writeFiles } from "./engine-world.ts";

/** The local time so many hours from now: windows that begin and end far from the moment of the test. */
function inHours(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toTimeString().slice(0, 5);
}

function reschedule(world: World, schedule: object[]): void {
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as { flows: { world: object } };
  writeFileSync(world.place.configFile, JSON.stringify({ flows: { world: { ...written.flows.world, schedule } } }));
}

test("outside its hours a flow notes what comes and sends nothing, says when it goes on, and a person's pause wins", async () => {
  await using world = await makeWorld({ destination: "file" });
  const opens = inHours(4);
  configure(world, (flow) => ({ world: { ...flow, schedule: [{ from: opens, to: inHours(6) }] } }));
  world.hotdir.start();
  writeFiles(world.source, { one: "1", two: "2" });
  const closed = await world.hotdir.waitFor("both files", ({ flows }) => flows[0]?.counts.queued === 2);
  expect(closed.flows[0]).toMatchObject({ state: "paused", counts: { delivered: 0, sending: 0 } });
  expect(await flowFact(world, "reason")).toBe(`outside its hours; sends again at ${opens}`);

  expect((await world.hotdir.ask("pause", "world")).status).toBe(0);
  reschedule(world, [{ from: inHours(-1), to: inHours(5) }]);
  process.kill(world.hotdir.pid, "SIGHUP");
  await waitUntil("the pause by hand", async () => ((await flowFact(world, "reason")) === "paused by hand" ? true : null));
  expect((await world.hotdir.status()).flows[0]).toMatchObject({ state: "paused", counts: { queued: 2, delivered: 0 } });
  expect((await world.hotdir.ask("resume", "world")).status).toBe(0);
  await world.hotdir.waitFor("both at the destination", ({ flows }) => flows[0]?.counts.delivered === 2);
});

test("run --until-idle with a closed schedule says what it waits for, even where the log is silent, and ends at once with nothing to send", async () => {
  await using world = await makeWorld({ destination: "file" });
  configure(world, (flow) => ({ world: { ...flow, schedule: [{ from: inHours(4), to: inHours(6) }] } }));
  expect(await world.hotdir.runUntilIdle()).toBe(0);
  expect(world.hotdir.log()).not.toContain("waits for that");
  writeFiles(world.source, { one: "1" });
  world.hotdir.start("--until-idle", "--log-level", "error");
  await waitUntil("what it waits for", () =>
    /world is paused: outside its hours; sends again at \d\d:\d\d/.test(world.hotdir.log()) ? true : null,
  );
  expect(world.hotdir.log().match(/waits for that/g)).toHaveLength(1);
  expect(await world.hotdir.stop()).toBe(130);
});

type Hall = AsyncDisposable & {
  flow: Flow;
  set: FlowSet;
  at: (localTime: string) => void;
  counts: () => ReturnType<typeof tallyOf>;
  segments: () => number;
};

/** The flows of a daemon in this process, with a wall clock that can be set. */
async function makeHall(directory: string, sections: object): Promise<Hall> {
  await using undo = new AsyncDisposableStack();
  const db = undo.use(openForWriting(`${directory}/state`));
  let shiftMs = 0;
  const system = systemClock();
  const clock: Clock = { ...system, wall: () => Date.now() + shiftMs };
  const parsed = parseConfiguration(JSON.stringify({ flows: { hall: sections } }), `${directory}/x.yaml`, {
    env: {},
    homeDirectory: directory,
    defaultSsh: ["ssh"],
  });
  if (!parsed.ok) throw new Error(parsed.faults[0]?.message);
  const { configuration } = parsed;
  const at = (localTime: string): void => {
    shiftMs = new Date(`2026-11-24T${localTime}`).getTime() - Date.now();
  };
  at("12:00");
  const broken: unknown[] = [];
  const set = undo.use(
    new FlowSet({
      configuration,
      read: () => configuration,
      chosen: null,
      db,
      run: beginRun(db, process.pid, { wall: clock.wall(), steady: clock.steady() }),
      clock,
      log: silentLog,
      bus: new MemoryBroker().bus(),
      observers: [],
      changed: () => undefined,
      broken: (error) => void broken.push(error),
    }),
  );
  set.start();
  const held = undo.move();
  const flow = set.flow("hall")!;
  return {
    flow,
    set,
    at,
    counts: () => {
      expect(broken).toEqual([]);
      return tallyOf(db, flow.entry.id);
    },
    segments: () => writtenSegments(db, 1).length,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

test("when its hours end a large file is handed back, uncounted, and goes on from there when they come again", async () => {
  await using temporary = await makeTemporary();
  const { path } = temporary;
  for (const name of ["state", "source", "destination"]) mkdirSync(`${path}/${name}`);
  const content = new Random(chooseSeed("hours")).fill(160_000_000);
  writeFileSync(`${path}/source/large`, content);
  await using hall = await makeHall(path, {
    source: { directory: `${path}/source`, rescan: "1s" },
    // So slow only until it is handed back: what is left need not be waited for.
    destination: { url: `file:${path}/destination`, segment_above: "1M", bandwidth: [{ from: "10:00", to: "18:30", limit: "20MB/s" }] },
    schedule: [{ from: "08:00", to: "18:00" }],
  });
  await waitUntil("some parts of it", () => (hall.segments() >= 2 ? true : null));
  hall.at("18:00:01");
  await waitUntil("that it is handed back", () => (hall.counts().queued === 1 && hall.flow.pump.underWay === 0 ? true : null));
  expect(hall.flow.state).toEqual({ state: "paused", reason: "outside its hours; sends again at 08:00" });
  const kept = hall.segments();
  expect(kept).toBeGreaterThanOrEqual(2);
  expect(kept).toBeLessThan(160_000_000 / (8 * 1024 * 1024));
  // What comes meanwhile is noted.
  writeFileSync(`${path}/source/late`, "late");
  await waitUntil("the late one in the queue", () => (hall.counts().queued === 2 ? true : null));

  hall.at("08:00:01");
  await waitUntil("both delivered", () => (hall.counts().delivered === 2 ? true : null), { timeoutMs: 45_000 });
  expect(Buffer.compare(readFileSync(`${path}/destination/large`), content)).toBe(0);
  expect(hall.counts()).toMatchObject({ seen: 2, dead: 0, queued: 0 });
});

test("when the hours of a limit end, what is being sent goes on without it at once", async () => {
  await using temporary = await makeTemporary();
  const { path } = temporary;
  for (const name of ["state", "source", "destination"]) mkdirSync(`${path}/${name}`);
  // At the limit of the day this were some minutes.
  writeFileSync(`${path}/source/large`, Buffer.alloc(200_000_000, 7));
  await using hall = await makeHall(path, {
    source: { directory: `${path}/source`, rescan: "1s" },
    destination: { url: `file:${path}/destination`, segment_above: "1M", bandwidth: [{ from: "08:00", to: "18:00", limit: "1MB/s" }] },
  });
  await waitUntil("its beginning", () => (hall.flow.pump.active.totals.bytes > 0 ? true : null));
  expect(hall.counts()).toMatchObject({ sending: 1, delivered: 0 });
  hall.at("18:00:01");
  await waitUntil("it delivered", () => (hall.counts().delivered === 1 ? true : null), { timeoutMs: 30_000 });
});
