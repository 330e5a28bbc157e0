import { expect, test } from "vitest";
import { parseConfiguration } from "./parse.ts";

const read = (flow: object) =>
  parseConfiguration(JSON.stringify({ flows: { a: flow } }, null, 1), "/etc/hotdir.yaml", {
    env: {},
    homeDirectory: "/home/u",
    defaultSsh: ["ssh"],
  });
const source = { directory: "/in", propagate: ["put"] };
const destination = { url: "file:/out" };
const ingest = { command: ["~/bin/ingest", "--site", 7] };
const catalog = { database: "e.db", table: "files" };

function faultsOf(flow: object): string[] {
  const loaded = read(flow);
  return loaded.ok ? [] : loaded.faults.map(({ where, message }) => `${where}: ${message}`);
}

test("what is done with deliveries has its defaults, and its paths are filled in", () => {
  const loaded = read({ source, destination, finish: { ingest, catalog } });
  expect(loaded.ok ? loaded.configuration.flows[0]?.finish : loaded).toEqual({
    ingest: { command: ["/home/u/bin/ingest", "--site", "7"], batchMax: 10, workers: 1, silenceMs: 3_600_000, again: false },
    catalog: { database: "/etc/e.db", table: "files", duplicates: "keep" },
  });
  const without = read({ source, destination });
  expect(without.ok ? without.configuration.flows[0]?.finish : without).toEqual({ ingest: null, catalog: null });
});

test("a command for files that are on another machine is refused, with what to do", () => {
  expect(faultsOf({ source, destination: { url: "sftp://hub/out" }, finish: { ingest } })).toEqual([
    "flows.a.finish: the ingest command runs on this machine, and the destination is on another: run hotdir there (a flow from that directory, or one that subscribes), or tell others by announce",
  ]);
  expect(faultsOf({ source, destination: { remove: { directory: "/in" } }, finish: { catalog } }).join("\n")).toContain(
    "this flow delivers no files to it",
  );
});

test("a catalog needs digests, and files that keep their names", () => {
  expect(faultsOf({ source, destination: { ...destination, verify: "size" }, finish: { catalog } })).toEqual([
    "flows.a.destination.verify: a catalog's checksum is that of the receipt, and verify: size makes none",
  ]);
  expect(faultsOf({ source: { directory: "/in" }, destination, finish: { catalog } })).toEqual([
    "flows.a.source.propagate: a catalog says where each file was delivered, and a rename would make that wrong: propagate no rename, delete or rmdir",
  ]);
  expect(faultsOf({ source: { ...source, propagate: ["put", "delete"] }, destination, finish: { catalog } })[0]).toContain(
    "flows.a.source.propagate",
  );
});
