import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { durationAsInSr3, rateAsInSr3, sizeAsInSr3 } from "./formats.ts";
import { processFigures } from "./processes.ts";
import { type RowFacts, stateOf } from "./row.ts";
import { cellsOf, statusTable } from "./table.ts";

const now = 1_000_000_000;
const base: RowFacts = {
  name: "sender/to_hpfx",
  standing: "running",
  states: [{ state: "running", reason: null }],
  run: { flows: 1, wanted: 1 },
  isChanged: false,
  counts: { seen: 10, ignored: 2, queued: 0, sending: 0, delivered: 8, dead: 0, superseded: 0 },
  retry: 0,
  brokers: [{ role: "subscribe", isUp: true, reason: null }],
  queued: 7,
  lanes: { open: 2, max: 5 },
  deliveries: { lagMaxS: 2.5, lagMeanS: 0.5, count: 8, lastAtMs: now - 135_000 },
  rates: { filesPerS: 19.2, bytesPerS: 79_258 },
  moves: "out",
};

test.each<[string, Partial<RowFacts>, string]>([
  ["all is well", {}, "run"],
  ["switched off", { standing: "disabled" }, "disa"],
  ["its file is faulty", { standing: "faulty" }, "faul"],
  ["hotdir has nothing to do for it", { standing: "left" }, "left"],
  ["stopped", { standing: "stopped", states: [], brokers: [] }, "stop"],
  ["wanted, and not there", { standing: "missing", states: [], brokers: [] }, "miss"],
  ["some of its flows", { standing: "partial" }, "part"],
  ["needs a person", { states: [{ state: "halted", reason: "the source was emptied" }] }, "halt"],
  ["another host is active", { states: [{ state: "paused", reason: "passive: this host does not hold 10.0.0.1" }] }, "wVip"],
  ["paused", { states: [{ state: "paused", reason: "by a person" }] }, "paus"],
  ["the destination is away", { states: [{ state: "waiting", reason: "hpfx: unreachable" }] }, "wait"],
  ["the broker is away", { brokers: [{ role: "publish", isUp: false, reason: "refused" }] }, "wait"],
  ["many retries", { retry: 1001 }, "rtry"],
  ["behind", { deliveries: { lagMaxS: 90, lagMeanS: 31, count: 3, lastAtMs: now } }, "lag"],
  ["nearly all rejected", { counts: { ...base.counts!, seen: 10, ignored: 9 } }, "reje"],
  ["nothing for long", { deliveries: { lagMaxS: 0, lagMeanS: 0, count: 0, lastAtMs: now - 901_000 } }, "idle"],
  ["nothing ever", { deliveries: null }, "idle"],
  ["nothing for long, and work waits", { deliveries: null, counts: { ...base.counts!, queued: 1 } }, "run"],
  ["in a terminal", { standing: "foreground" }, "fore"],
])("%s", (_what, facts, expected) => {
  expect(stateOf({ ...base, ...facts }, now)).toBe(expected);
});

test("a line holds what is known, and a dash for all else", () => {
  expect(cellsOf(base, now)).toEqual([
    "run",
    "1/1",
    "0",
    "up",
    "2/5",
    "7",
    "2.50s",
    "0.50s",
    "2m15s",
    "20.0%",
    "-",
    "19m/s",
    "-",
    "77.4KiB/s",
  ]);
  const watch: RowFacts = { ...base, moves: "none", lanes: null, queued: null };
  expect(cellsOf(watch, now).slice(4, 6)).toEqual(["-", "-"]);
  expect(cellsOf(watch, now).slice(-2)).toEqual(["-", "-"]);
  const unknown: RowFacts = {
    ...base,
    standing: "stopped",
    states: [],
    run: { flows: 0, wanted: 0 },
    counts: null,
    brokers: [],
    queued: null,
    lanes: null,
    deliveries: null,
    rates: null,
  };
  expect(cellsOf(unknown, now)).toEqual(["stop", "0/0", "0", "-", "-", "-", "-", "-", "n/a", "-", "-", "-", "-", "-"]);
});

test("the table has sr3's headings, its cells stand below them, and its footer adds up", () => {
  const rows: RowFacts[] = [
    base,
    {
      ...base,
      name: "watch/to_hpfx",
      moves: "none",
      lanes: null,
      brokers: [{ role: "publish", isUp: false, reason: "amqp://hub: connection refused" }],
      counts: { ...base.counts!, dead: 2 },
    },
  ];
  const processes = {
    count: 2,
    ussBytes: 100 * 1024 ** 2,
    rssBytes: 130 * 1024 ** 2,
    vmsBytes: 1.8 * 1024 ** 3,
    userS: 44.81,
    systemS: 4.73,
  };
  const text = statusTable(rows, { processes, missing: 1, strays: ["sender/old"], changed: ["watch/to_hpfx"] }, now, false);
  const lines = text.split("\n");
  expect(lines[0]).toBe("status:");
  expect(lines[1]).toMatch(/^Component\/Config\s+Processes\s+Connection\s+Lag\s+Rates$/);
  expect(lines[2]?.trim().split(/\s+/)).toEqual([
    "State",
    "Run",
    "Retry",
    "msg",
    "data",
    "Que",
    "LagMax",
    "LagAvg",
    "Last",
    "%rej",
    "pubsub",
    "messages",
    "RxData",
    "TxData",
  ]);
  // Each cell ends where its heading does.
  expect(lines[4]!.indexOf("2m15s") + 5).toBe(lines[2]!.indexOf("Last") + 4);
  expect(lines[4]!.length).toBe(lines[2]!.length);
  expect(text).toContain("      Total Running Configs:   2 ( Processes: 2 missing: 1 stray: 1 )");
  expect(text).toContain("Memory: uss:100.0MiB rss:130.0MiB vms:1.8GiB");
  expect(text).toContain("CPU Time: User:44.81s System:4.73s");
  expect(text).toContain("Pub/Sub Received: 19m/s, Sent: 19m/s Queued: 14 Retry: 0, Mean lag: 0.50s");
  expect(text).toContain("Data Received: 0f/s (0B/s), Sent: 19f/s (77.4KiB/s)");
  expect(text).toContain("dead letters: 2 ");
  expect(text).toContain("watch/to_hpfx: amqp://hub: connection refused");
  expect(text).toContain("changed since it was started: watch/to_hpfx");
  expect(text).toContain("no configuration any more: sender/old");
});

test.each([
  [0, "0B"],
  [206, "206B"],
  [5223, "5.1KiB"],
  [1_000_000, "976.6KiB"],
  [1.8 * 1024 ** 3, "1.8GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(sizeAsInSr3(bytes)).toBe(text);
});

test.each([
  [0, "0.00s"],
  [2.671, "2.67s"],
  [59.999, "1m"],
  [135, "2m15s"],
  [3660, "1h1m"],
  [7200, "2h"],
  [93_600, "1d2h"],
  [40 * 86_400, "40d"],
])("%d seconds are %s", (seconds, text) => {
  expect(durationAsInSr3(seconds)).toBe(text);
});

test("a slow rate is not nothing", () => {
  expect([0, 0.04, 0.5, 9.94, 19.2].map((rate) => rateAsInSr3(rate, "f"))).toEqual(["0f/s", "0.0f/s", "0.5f/s", "9.9f/s", "19f/s"]);
});

test("memory and time are those of a process and of all that it started; one that is gone has none", () => {
  const own = processFigures([process.pid]);
  expect(own!.count).toBeGreaterThanOrEqual(1);
  expect(own!.rssBytes).toBeGreaterThan(10 * 1024 ** 2);
  expect(own!.ussBytes).toBeLessThanOrEqual(own!.rssBytes);
  expect(own!.userS).toBeGreaterThan(0);
  expect(processFigures([2 ** 22 + 1])).toBeNull();
});

test("a look reads no configuration and asks no broker: what that takes is not loaded", () => {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    await import(${JSON.stringify(new URL("../../sr3.ts", import.meta.url).href)});
    await import(${JSON.stringify(new URL("../status.ts", import.meta.url).href)});
    console.log(loaded.join("\\n"));
  `;
  const loaded = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  expect(loaded).toContain("/src/cli/sr3/status/gather.ts");
  expect(loaded).not.toMatch(
    /\/src\/(config\/(load|parse)|importers\/sr3\/reader|broker\/amqp|daemon\/daemon|dashboard)|\/node_modules\/(yaml|amqplib|mqtt|hono)\//,
  );
});
