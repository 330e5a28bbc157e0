import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Configuration, parseConfiguration } from "../../src/config/parse.ts";
import { FlowSet } from "../../src/daemon/flow-set.ts";
import { beginRun } from "../../src/flow/ledger/claims.ts";
import { openForWriting } from "../../src/flow/ledger/database.ts";
import { flowId, heldOf } from "../../src/flow/ledger/flows.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { HotdirError } from "../../src/kernel/errors.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { MemoryBroker } from "../support/memory-bus.ts";
import { makeTemporary } from "../support/temporary.ts";
import { waitUntil } from "../support/waiting.ts";

type Hall = AsyncDisposable & {
  set: FlowSet;
  directory: string;
  held: (name: string) => string | null;
  next: { configuration: Configuration | null };
  broken: unknown[];
  /** Closes the ledger under all of it. */
  closeLedger: () => void;
};

/** The flows of a daemon in this process. */
async function makeHall(names: string[]): Promise<Hall> {
  await using undo = new AsyncDisposableStack();
  const { path: directory } = undo.use(await makeTemporary());
  for (const name of ["state", "source"]) mkdirSync(`${directory}/${name}`);
  const db = undo.use(openForWriting(`${directory}/state`));
  const clock = systemClock();
  const configuration = configurationOf(directory, names);
  const next: Hall["next"] = { configuration };
  const broken: unknown[] = [];
  const set = undo.use(
    new FlowSet({
      configuration,
      read: () => {
        if (next.configuration !== null) return next.configuration;
        throw new HotdirError("bad-configuration", { operation: "read the configuration" });
      },
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
  return {
    set,
    directory,
    held: (name) => heldOf(db, flowId(db, name)!),
    next,
    broken,
    closeLedger: () => db[Symbol.dispose](),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function configurationOf(directory: string, names: string[], more: object = {}): Configuration {
  const flow = (name: string): object => ({
    source: { directory: `${directory}/source`, rescan: "1s" },
    destination: { url: `file:${directory}/${name}`, segment_above: "1M", bandwidth: "1MB/s", ...more },
  });
  const text = JSON.stringify({ flows: Object.fromEntries(names.map((name) => [name, flow(name)])) });
  const parsed = parseConfiguration(text, `${directory}/x.yaml`, { env: {}, homeDirectory: directory, defaultSsh: ["ssh"] });
  if (!parsed.ok) throw new Error(parsed.faults[0]?.message);
  return parsed.configuration;
}

test("a stop stays the last word, whoever pauses and resumes while the flow is still ending", { timeout: 60_000 }, async () => {
  await using hall = await makeHall(["slow"]);
  const { set } = hall;
  // At its limit this takes longer than an end waits.
  writeFileSync(`${hall.directory}/source/large`, Buffer.alloc(60_000_000, 1));
  await waitUntil("something under way", () => (set.flow("slow")!.pump.underWay > 0 ? true : null));
  const stopped = set.stopFlow("slow");
  await waitUntil("the end to begin", () => (set.flow("slow")?.state.state === "stopped" ? true : null));
  const asked = [set.withRunning("slow", (flow) => flow.pause()), set.withRunning("slow", (flow) => flow.resume())];
  for (const one of asked) await expect(one).rejects.toMatchObject({ code: "bad-usage" });
  await stopped;
  expect(hall.held("slow")).toBe("stopped");
  expect(set.flow("slow")).toBeNull();
});

test("what is refused changes nothing: a stopped flow stays stopped when its start is", async () => {
  await using hall = await makeHall(["one", "other"]);
  const { set, next } = hall;
  await set.stopFlow("one");
  const refusals = [null, configurationOf(hall.directory, ["other"])];
  for (const configuration of refusals) {
    next.configuration = configuration;
    await expect(set.startFlow("one")).rejects.toMatchObject({ code: configuration === null ? "bad-configuration" : "bad-usage" });
    await expect(set.restartFlow("one")).rejects.toMatchObject({ code: configuration === null ? "bad-configuration" : "bad-usage" });
    expect(hall.held("one")).toBe("stopped");
  }
  next.configuration = configurationOf(hall.directory, ["one", "other"]);
  await set.startFlow("one");
  expect(hall.held("one")).toBeNull();
  expect(set.flows.map((flow) => flow.settings.name)).toEqual(["one", "other"]);
});

test("a reload that cannot be completed ends the daemon, rather than run it without flows that are configured", async () => {
  const hall = await makeHall(["one", "other"]);
  hall.next.configuration = configurationOf(hall.directory, ["one", "other", "third"], { lanes: 2 });
  hall.closeLedger();
  await expect(hall.set.reload()).rejects.toThrow(/not open/);
  expect(hall.broken.length).toBeGreaterThan(0);
  await Promise.allSettled([hall[Symbol.asyncDispose]()]);
});
