import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { grafanaDashboard } from "../../scripts/grafana-dashboard.ts";
import { define, transferStates } from "../../src/daemon/metrics/definitions.ts";
import { askPage } from "../support/page.ts";
import { type Family, parsePrometheus, valueOf } from "../support/prometheus.ts";
import { waitUntil } from "../support/waiting.ts";
import { makeWorld, type World } from "../support/world.ts";
import { writeFiles } from "./engine-world.ts";

/** A world whose page listens on a UNIX socket. */
async function makeWatchedWorld(
  ...options: Parameters<typeof makeWorld>
): Promise<World & { metrics: () => Promise<Map<string, Family>> }> {
  const world = await makeWorld(...options);
  const socket = `${world.directory}/page.sock`;
  const written = JSON.parse(readFileSync(world.place.configFile, "utf8")) as object;
  writeFileSync(world.place.configFile, JSON.stringify({ ...written, page: { listen: `unix:${socket}` } }));
  const metrics = async (): Promise<Map<string, Family>> => {
    await waitUntil("the page", () => existsSync(socket), { explain: () => world.hotdir.log() });
    const { status, type, body } = await askPage(socket, "/metrics");
    expect([status, type]).toEqual([200, expect.stringMatching(/^text\/plain;.*version=0\.0\.4/)]);
    return parsePrometheus(body);
  };
  return Object.assign(world, { metrics });
}

test("the metrics are well formed, add up, and equal what status tells", async () => {
  await using world = await makeWatchedWorld({ flow: { retry: { attempts: 1 } } });
  mkdirSync(`${world.destination}/blocked`);
  writeFileSync(`${world.destination}/blocked/x`, "in the way");
  writeFiles(world.source, { a: "12345", b: "1234567890", blocked: "a file", "ignored.tmp": "x", "c/d": "" });
  world.hotdir.start();
  const { flows } = await world.hotdir.waitFor("all ends", ({ flows: [flow] }) => flow?.counts.dead === 1 && flow.counts.delivered >= 4);
  const counts = flows[0]!.counts;
  const metrics = await world.metrics();
  const flow = "world";
  for (const state of transferStates) expect(valueOf(metrics, "hotdir_transfers", { flow, state }), state).toBe(counts[state]);
  const terms = transferStates.map((state) => valueOf(metrics, "hotdir_transfers", { flow, state }));
  expect(terms.reduce((sum, term) => sum + term, 0)).toBe(valueOf(metrics, "hotdir_seen_total", { flow }));
  expect(valueOf(metrics, "hotdir_seen_total", { flow })).toBe(counts.seen);
  expect(valueOf(metrics, "hotdir_delivered_bytes_total", { flow })).toBe(15);
  expect(valueOf(metrics, "hotdir_queued_bytes", { flow })).toBe(0);
  expect(valueOf(metrics, "hotdir_attempts_total", { flow, outcome: "delivered" })).toBe(counts.delivered);
  expect(valueOf(metrics, "hotdir_attempts_total", { flow, outcome: "wrong-type" })).toBe(1);
  expect(valueOf(metrics, "hotdir_dead_letters_total", { flow, code: "wrong-type" })).toBe(1);
  expect(valueOf(metrics, "hotdir_delivery_lag_seconds_count", { flow })).toBe(counts.delivered);
  expect(valueOf(metrics, "hotdir_freshness_seconds", { flow })).toBe(0);
  expect(valueOf(metrics, "hotdir_flow_state", { flow, state: "running" })).toBe(1);
  expect(valueOf(metrics, "hotdir_flow_state", { flow, state: "waiting" })).toBe(0);
  expect(valueOf(metrics, "hotdir_lanes_open", { flow })).toBeGreaterThan(0);
  expect(valueOf(metrics, "hotdir_lanes_max", { flow })).toBe(3);
  const [free, size] = [
    valueOf(metrics, "hotdir_destination_free_bytes", { flow }),
    valueOf(metrics, "hotdir_destination_size_bytes", { flow }),
  ];
  expect(free).toBeGreaterThan(0);
  expect(size).toBeGreaterThan(free);
  expect(valueOf(metrics, "hotdir_ledger_size_bytes")).toBeGreaterThan(4096);
  expect(valueOf(metrics, "process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
  expect(Math.abs(Date.now() / 1000 - valueOf(metrics, "process_start_time_seconds"))).toBeLessThan(600);
  expect(JSON.stringify([...metrics])).not.toContain("blocked");
});

test("an outage and a halt show, and what the ledger counts goes on over a restart", async () => {
  await using world = await makeWatchedWorld();
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  process.kill(world.sshd!.pid, "SIGTERM");
  expect(await world.hotdir.stop()).toBe(0);
  rmSync(`${world.directory}/page.sock`, { force: true });
  writeFiles(world.source, { b: "bb" });
  world.hotdir.start();
  await world.hotdir.waitFor("a flow that waits", ({ flows }) => flows[0]?.state === "waiting");
  const flow = "world";
  const waiting = await world.metrics();
  expect(valueOf(waiting, "hotdir_flow_state", { flow, state: "waiting" })).toBe(1);
  expect(valueOf(waiting, "hotdir_freshness_seconds", { flow })).toBeGreaterThan(0);
  expect(valueOf(waiting, "hotdir_queued_bytes", { flow })).toBe(2);
  expect(valueOf(waiting, "hotdir_delivered_bytes_total", { flow })).toBe(1);
  expect(valueOf(waiting, "hotdir_attempts_total", { flow, outcome: "delivered" })).toBe(0);
  expect(valueOf(waiting, "hotdir_delivery_lag_seconds_count", { flow })).toBe(0);
  rmSync(world.source, { recursive: true });
  await world.hotdir.waitFor("a flow that is halted", ({ flows }) => flows[0]?.state === "halted");
  expect(valueOf(await world.metrics(), "hotdir_flow_state", { flow, state: "halted" })).toBe(1);
});

test("many who ask at once all get the whole", async () => {
  await using world = await makeWatchedWorld({ destination: "file" });
  writeFiles(world.source, { a: "a" });
  world.hotdir.start();
  await world.hotdir.waitIdle(1);
  for (const metrics of await Promise.all(Array.from({ length: 20 }, () => world.metrics())))
    expect(valueOf(metrics, "hotdir_seen_total", { flow: "world" })).toBe(1);
});

test("a text that a scraper would refuse is refused by the parser of these tests", () => {
  const good = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n";
  expect(valueOf(parsePrometheus(good), "a_total")).toBe(1);
  for (const wrong of [
    good.trimEnd(),
    good + good,
    good.replace("# HELP a_total A.\n", ""),
    good.replace("counter", "gauge"),
    good.replace("a_total 1", "b_total 1"),
    good.replace("a_total 1", 'a_total{x="1} 1'),
    good.replace("a_total 1", 'a_total{x="1",x="2"} 1'),
    `${good}a_total 2\n`,
    good.replace("a_total 1", "a_total one"),
    '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
  ])
    expect(() => parsePrometheus(wrong), wrong).toThrow(/\w/);
});

test("the example dashboard is as its script makes it (npm run reference), and no panel lies upon another", () => {
  const text = readFileSync(new URL("../../examples/grafana/hotdir.json", import.meta.url), "utf8");
  expect(text).toBe(grafanaDashboard());
  const { panels } = JSON.parse(text) as { panels: Array<{ gridPos: { x: number; y: number; w: number; h: number } }> };
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});

/** Every word of the examples that looks like a metric of ours. */
function metricsIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:hotdir|process)_[a-z_]+\b/g))].map((name) =>
    name.replace(/_bucket$|(?<=seconds)_(?:sum|count)$/, ""),
  );
}

test("every metric that the examples name exists, and every metric of a flow is on the dashboard or in an alert", () => {
  const registry = new Registry();
  define(registry);
  const known = registry.getMetricsAsArray().map(({ name }) => name);
  const examples = ["examples/prometheus/alerts.yml", "examples/grafana/hotdir.json", "docs/guide/9-metrics-and-alerts.md"].map((file) =>
    readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"),
  );
  const named = examples.map(metricsIn);
  for (const names of named) {
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  }
  const shown = new Set([...named[0]!, ...named[1]!]);
  expect(known.filter((name) => name.startsWith("hotdir_") && !shown.has(name))).toEqual([]);
});
