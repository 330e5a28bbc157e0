import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporary, type Temporary } from "../../../../test/support/temporary.ts";
import { parseConfiguration } from "../../../config/parse.ts";
import { formatRemark } from "../../remark.ts";
import { importEndpoint } from "./import-endpoint.ts";

let place: Temporary;
beforeAll(async () => {
  place = await makeTemporary();
  for (const name of ["buffer", "sto rage"]) mkdirSync(`${place.path}/${name}`);
});
afterAll(async () => await place[Symbol.asyncDispose]());

type Parts = { actions?: object; search?: object; more?: object };
const finderText = ({ actions, search, more }: Parts = {}): string =>
  JSON.stringify(
    {
      database: { engine: "sqlite:///e.db", tablenames: { file: { table: "files" }, event: { table: "events" } } },
      finder: {
        source: "buffer",
        storage: "sto rage",
        actions: { standard: "Move", alternative: "Delete", ...actions },
        search: { method: "scan", exclude_list: [String.raw`\.tmp$`, "(?i)^skip/"], ...search },
        ...more,
      },
    },
    null,
    1,
  );
const ingesterText = (plugin: object, more: object = {}): string =>
  JSON.stringify({
    database: { engine: "sqlite:///e.db", tablenames: { file: { table: "files" }, event: { table: "events" } } },
    ingester: { storage: "sto rage", plugin, ...more },
  });

const imported = (...texts: string[]) =>
  importEndpoint(
    texts.map((text, at) => ({ file: `c${at}.yaml`, text })),
    { workingDirectory: place.path },
  );
const errorsOf = (...texts: string[]): string[] => {
  const { yaml, remarks } = imported(...texts);
  expect(yaml).toBeNull();
  return remarks.filter(({ kind }) => kind === "error").map(formatRemark);
};

test("a finder that moves is a flow that verifies, removes on the receipt, and keeps the catalog", () => {
  const { yaml } = imported(finderText());
  const loaded = parseConfiguration(yaml!, "/hotdir.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  expect(loaded).toMatchObject({
    ok: true,
    configuration: {
      flows: [
        {
          source: { root: `${place.path}/buffer`, reject: [/\.tmp$/u, /(?i:^skip\/)/u], propagate: new Set(["put"]), rescanMs: 60_000 },
          destination: { place: { kind: "file", directory: `${place.path}/sto rage` }, verify: "blake2b" },
          retain: { kind: "delete", afterMs: 0 },
          finish: { ingest: null, catalog: { database: `${place.path}/e.db`, table: "files", duplicates: "delete" } },
        },
      ],
    },
  });
});

test("with the ingester beside it the same flow ingests, and what its own settings said is noted", () => {
  const command = ["/opt/ingest", "--repo", "/r", 7];
  const { yaml, remarks } = imported(
    finderText(),
    ingesterText({ name: "Gen3Ingest", config: { root: "/r", command } }, { batch_size: 5, num_threads: 3, daemon: false }),
  );
  const loaded = parseConfiguration(yaml!, "/hotdir.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  expect(loaded.ok ? loaded.configuration.flows[0]?.finish.ingest : loaded).toMatchObject({
    command: ["/opt/ingest", "--repo", "/r", "7"],
    batchMax: 5,
    workers: 3,
  });
  expect(remarks.map(formatRemark).join("\n")).toMatch(/ingester.daemon: not carried over/);
});

test.each([
  ["Noop", { actions: { standard: "Noop" } }, /standard: Noop moves nothing, and so is no flow: 'hotdir endmgr finder start' enters/],
  ["Delete as the standard", { actions: { standard: "Delete" } }, /Delete would remove every new file; expected Move or Noop/],
  ["Move as the alternative", { actions: { alternative: "Move" } }, /expected Delete or Noop/],
  [
    "Move of what rsync brought",
    { search: { method: "parse_rsync_logs" } },
    /is in the storage already, and cannot be moved there; expected Noop/,
  ],
  [
    "a wrong expression",
    { search: { exclude_list: ["a(b"] } },
    /^c0.yaml:\d+: finder.search.exclude_list: "a\(b" is no regular expression/,
  ],
  ["a directory that is not there", { more: { source: "bufer" } }, /^c0.yaml:\d+: finder.source: there is no directory \S+\/bufer$/],
])("%s is refused with one line", (_, parts, words) => {
  const [error, more] = errorsOf(finderText(parts));
  expect(error).toMatch(words);
  expect(more).toBeUndefined();
});

test("a plugin of an observatory's is refused with what to write, and one that does nothing is left out", () => {
  expect(errorsOf(finderText(), ingesterText({ name: "Gen2Ingest", config: { root: "/r" } }))).toEqual([
    "c1.yaml:1: ingester.plugin: Gen2Ingest is Python code of an observatory: write name: Command with config: {command: [PROGRAM, ARGUMENT...]} (docs/guide/18-ingest.md says what it gets)",
  ]);
  expect(errorsOf(finderText(), ingesterText({ name: "Command", config: { command: "a b" } }))[0]).toContain(
    "expected a list of arguments",
  );
  expect(imported(finderText(), ingesterText({ name: "NullIngest" })).yaml).not.toContain("ingest:");
});

test("an ingester alone is no flow, and says so", () => {
  expect(errorsOf(ingesterText({ name: "NullIngest" }))).toEqual([
    "without a finder's configuration there is nothing to make a flow of: name that of the finder as well",
  ]);
});
