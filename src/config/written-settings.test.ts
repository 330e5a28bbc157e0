import { expect, it } from "vitest";
import { canonical, differences, type Json } from "./difference.ts";
import { parseConfiguration } from "./parse.ts";
import { fullExample } from "./reference.ts";
import { isKnown, keyDifferences, type KeyDifference } from "./written-settings.ts";

const options = { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] };

function settings(text: string): Json {
  const loaded = parseConfiguration(text, "/etc/hotdir.yaml", options);
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  return canonical(loaded.configuration.flows[0]!);
}

const minimal = settings("flows: {a: {source: {directory: /in}, destination: {url: 'file:/out'}}}");
const full = settings(fullExample);

function between(a: Json, b: Json): KeyDifference[] {
  return keyDifferences(differences(a, b), a, b);
}

function leaves(value: Json, path = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  const below = Object.entries(value).flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
  return below.length === 0 ? [path] : below;
}

it("every setting of a flow is given by some key, so that no difference is told in words that nobody writes", () => {
  const all = [...new Set([...leaves(minimal), ...leaves(full)])].filter((path) => path !== "name");
  expect(all.length).toBeGreaterThan(30);
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
  expect(one(`${base}, retain: {delete_after: 7d}`)).toEqual(["retain: keep -> {delete_after: 7d}"]);
});

it("a setting of another version of hotdir is told as it is", () => {
  expect(between({ newer: { deep: 1 } }, { newer: { deep: [true, "x"] } })).toEqual([
    { key: "newer.deep", before: "1", after: "[true, x]" },
  ]);
});
