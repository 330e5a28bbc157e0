import { expect, it } from "vitest";
import { canonical, differences, type Json } from "./difference.ts";
import { parseConfiguration } from "./parse.ts";
import { fullExample } from "./reference.ts";
import { isKnown, keyDifferences, type KeyDifference } from "./written-settings.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

function settings(text: string, name?: string): Json {
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  return canonical(loaded.configuration.flows.find((flow) => name === undefined || flow.name === name)!);
}

const minimal = settings("flows: {a: {source: {directory: /in}, destination: {url: 'file:/out'}}}");
const full = settings(fullExample);
/** The flows of the example that speak to a broker. */
const [announced, published, cleaned, commanded, rows] = ["announced", "published", "cleaned", "commanded", "rows"].map((name) =>
  settings(fullExample, name),
);

function between(a: Json, b: Json): KeyDifference[] {
  return keyDifferences(differences(a, b), a, b);
}

function leaves(value: Json, path = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  const below = Object.entries(value).flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
  return below.length === 0 ? [path] : below;
}

it("every setting of a flow is given by some key, so that no difference is told in words that nobody writes", () => {
  const all = [...new Set([minimal, full, announced!, published!, cleaned!, commanded!, rows!].flatMap((one) => leaves(one)))].filter(
    (path) => path !== "name",
  );
  expect(all.length).toBeGreaterThan(60);
  expect(all.filter((path) => !isKnown(path))).toEqual([]);
});

it("the keys and values are those of the file", () => {
  expect(between(minimal, full).map(({ key, before, after }) => `${key}: ${before} -> ${after}`)).toMatchInlineSnapshot(`
    [
      "source.directory: /in -> /home/u/to_hpfx",
      "source.reject: [] -> ['\\.tmp$', '(^|/)\\.']",
      "destination.ssh: [] -> [ssh]",
      "destination.url: file:/out -> sftp://hpfx/~/on_hpfx",
      "destination.accelerate: none -> {above: 1G, command: [scp, -B, %s, %d]}",
      "destination.bandwidth: unlimited -> [{from: 08:00, to: 18:00, days: [mon, tue, wed, thu, fri], limit: 20MB/s}, {limit: 200MB/s}]",
      "retain: keep -> {hold: /home/u/held, empty_directories_after: 1d}",
      "schedule: always -> [{from: 18:00, to: 06:00}, {from: 12:00, to: 13:00, days: [sat, sun]}]",
      "vip: none -> 10.1.2.3",
      "log: as log.level says -> debug",
      "alerts: as alerts.on says -> {freshness_above: 4h}",
      "name: a -> to_hpfx",
    ]
  `);
});

it("commands are told with their parameters filled in, and attempts without an end", () => {
  expect(between(minimal, commanded!).map(({ key, before, after }) => `${key}: ${before} -> ${after}`)).toMatchInlineSnapshot(`
    [
      "source.directory: /in -> /home/u/buffer",
      "destination.directory: none -> /data/buffer",
      "destination.commands.transfer: none -> scp -Bpq {file} jdoe@example.edu:{dest}",
      "destination.commands.remote: none -> ssh jdoe@example.edu {command}",
      "destination.commands.batch: none -> 10",
      "destination.commands.timeout: none -> 1m",
      "destination.commands.journal: none -> /home/u/handoff.db",
      "destination.url: file:/out -> none, but commands",
      "destination.lanes: 5 -> 2",
      "destination.inflight: .tmp -> {staging: /data/staging}",
      "destination.verify: sha256 -> blake2b",
      "retry.attempts: 10 -> unlimited",
      "name: a -> commanded",
    ]
  `);
});

it("what a flow does with messages is told by the keys of the file", () => {
  const lines = (to: Json): string[] => between(minimal, to).map(({ key, before, after }) => `${key}: ${before} -> ${after}`);
  expect(lines(announced!)).toMatchInlineSnapshot(`
    [
      "source.directory: /in -> none, but messages",
      "source.subscribe.broker: none -> amqps://bob@hub/",
      "source.subscribe.credentials: none -> /home/u/.config/hotdir/credentials.conf",
      "source.subscribe.ca: none -> /etc/ssl/hub.pem",
      "source.subscribe.exchange: none -> xs_bob",
      "source.subscribe.prefix: none -> v03",
      "source.subscribe.declare: none -> true",
      "source.subscribe.topics: none -> [#]",
      "source.subscribe.queue: none -> q_bob.hotdir.announced",
      "source.subscribe.durable: none -> true",
      "source.subscribe.priority: none -> 0",
      "source.subscribe.prefetch: none -> 1000",
      "source.base: none -> url",
      "source.ssh: none -> [ssh]",
      "source.match: none -> path",
      "source.routes: none -> [{reject: '\\.tmp$'}, {accept: '^(\\w+)/', into: runs/\${1}/\${YYYYMMDD}, strip: 1, flatten: -, name: WHATFN}]",
      "source.unmatched: none -> accept",
      "source.duplicates: none -> 0s",
      "source.settle: close -> 0s",
      "destination.url: file:/out -> file:/data/mirror",
      "announce.broker: none -> mqtts://bob@mosquitto",
      "announce.credentials: none -> /home/u/.config/hotdir/credentials.conf",
      "announce.exchange: none -> mirror",
      "announce.prefix: none -> v03",
      "announce.declare: none -> true",
      "announce.split: none -> 1",
      "announce.base_url: none -> sftp://cluster/data/mirror",
      "announce.headers: none -> {}",
      "announce.inline: none -> 0B",
      "completion: none -> {sets: '\\d{5}', whole: timecode, manifest: {archive: smurf, directory: /data/so/suprsync, format: suprsync, instance: smurf-sync-srv20, path: \${tc_now}/suprsync/\${instance}/\${unix}_\${archive}_\${timecode}_finalized.yaml}}",
      "name: a -> announced",
    ]
  `);
  expect(lines(published!)).toMatchInlineSnapshot(`
    [
      "source.directory: /in -> /home/u/to_hub",
      "destination.publish.broker: none -> amqps://bob@hub/",
      "destination.publish.credentials: none -> /home/u/.config/hotdir/credentials.conf",
      "destination.publish.ca: none -> /etc/ssl/hub.pem",
      "destination.publish.exchange: none -> xs_bob_out",
      "destination.publish.prefix: none -> v03",
      "destination.publish.declare: none -> true",
      "destination.publish.split: none -> 1",
      "destination.publish.base_url: none -> sftp://here.example.org/home/bob/to_hub",
      "destination.publish.source: none -> bob",
      "destination.publish.headers: none -> {site: north}",
      "destination.publish.inline: none -> 0B",
      "destination.url: file:/out -> none, but messages",
      "destination.verify: sha256 -> sha512",
      "name: a -> published",
    ]
  `);
});

it("a difference of each key alone is told as that key", () => {
  const base = "source: {directory: /in}, destination: {url: 'sftp://hub/x'}";
  const one = (sections: string): string[] =>
    between(settings(`flows: {a: {${base}}}`), settings(`flows: {a: {${sections}}}`)).map(
      ({ key, before, after }) => `${key}: ${before} -> ${after}`,
    );
  expect(one(`source: {posts: {base: /data}}, destination: {url: 'sftp://hub/x'}`)).toEqual([
    "source.directory: /in -> none, but posts of /data",
  ]);
  expect(one(`source: {directory: /in, settle: 30s}, destination: {url: 'sftp://hub/x'}`)).toEqual(["source.settle: close -> 30s"]);
  expect(one(`source: {directory: /in}, destination: {url: 'sftp://bob@hub:23/~/y'}`)).toEqual([
    "destination.url: sftp://hub/x -> sftp://bob@hub:23/~/y",
  ]);
  expect(one(`source: {directory: /in}, destination: {url: 'sftp://hub/x', ssh: [ssh, -4]}`)).toEqual([
    "destination.ssh: [ssh] -> [ssh, -4]",
  ]);
  expect(one(`source: {directory: /in}, destination: {url: 'sftp://hub/x', bandwidth: 20MB/s}`)).toEqual([
    "destination.bandwidth: unlimited -> 20MB/s",
  ]);
  const told = (more: string): Json =>
    settings(`flows: {a: {source: {subscribe: {broker: 'amqp://b@h', exchange: x}${more}}, destination: {url: 'file:/o'}}}`);
  const routes = between(told(""), told(", routes: [{reject: '/x'}, {accept: a, strip: '^b/'}], unmatched: {into: rest}"));
  expect(routes.map(({ key, before, after }) => `${key}: ${before} -> ${after}`)).toEqual([
    "source.routes: [] -> [{reject: '/x'}, {accept: 'a', strip: '^b/'}]",
    "source.unmatched: accept -> {into: rest}",
  ]);
  expect(one(`${base}, retain: {delete_after: 7d}`)).toEqual(["retain: keep -> {delete_after: 7d}"]);
});

it("a setting of another version of hotdir is told as it is", () => {
  expect(between({ newer: { deep: 1 } }, { newer: { deep: [true, "x"] } })).toEqual([
    { key: "newer.deep", before: "1", after: "[true, x]" },
  ]);
});
