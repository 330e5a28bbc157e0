import { expect, test } from "vitest";
import { formatRemark, Remarks } from "../../remark.ts";
import { readEndpoint } from "./read-endpoint.ts";
import type { Component } from "./schema.ts";

const database = `database:
  engine: sqlite:////data/endpoint.db
  tablenames:
    file: {schema: null, table: files}
    event: {schema: null, table: events}
  echo: false
`;
const finder = `finder:
  source: /data/buffer
  storage: /data/storage
  actions: {standard: Move, alternative: Delete}
  search:
    method: scan
`;

function faultsOf(component: Component, text: string): string[] {
  const remarks = new Remarks();
  const read = readEndpoint(component, text, "c.yaml", { remarks, workingDirectory: "/here" });
  const errors = remarks.all.filter(({ kind }) => kind === "error").map(formatRemark);
  expect(read === null).toBe(errors.length > 0);
  return errors;
}

test("the configurations of the original's documents are read as they stand, null as if the key were not there", () => {
  const whole = `${database}  pool_class: QueuePool
${finder}    blacklist: null
    exclude_list: null
    date: null
    past_days: 1
    future_days: 1
    delay: 60
  pause: 1
logging:
  file: null
  format: "%(asctime)s:%(name)s:%(levelname)s:%(message)s"
  level: INFO
  rotate: null
`;
  expect(faultsOf("finder", whole)).toEqual([]);
  const ingester = `${database}ingester:
  storage: /data/storage
  plugin:
    name: Gen3Ingest
    config: {root: /repo, config: null, config_file: null, transfer: symlink, failFast: true, visits: {instrument: LSST}}
  include_list: null
  exclude_list: null
  file_status: UNTRIED
  batch_size: 10
  daemon: true
  num_threads: 1
  pause: 1
`;
  expect(faultsOf("ingester", ingester)).toEqual([]);
  expect(
    faultsOf("backfill", `${database}backfill:\n  storage: /data/storage\n  sources: ["2020-12-31"]\n  search: {exclude_list: null}\n`),
  ).toEqual([]);
  // The tables as older versions named them; one file for two components.
  const older = `database: {engine: "sqlite:///x.db", tablenames: {schema: null, file: files, event: events}}\n${finder}${ingester.slice(database.length)}`;
  expect(faultsOf("finder", older)).toEqual([]);
  expect(faultsOf("ingester", older)).toEqual([]);
});

test.each([
  [
    "a missing key",
    "finder",
    `${database}${finder.replace("  storage: /data/storage\n", "")}`,
    'c.yaml:8: finder: the key "storage" is missing',
  ],
  ["a missing section", "ingester", database, 'c.yaml:1: the key "ingester" is missing'],
  ["an unknown key", "finder", `${database}${finder}  pauses: 1\n`, 'c.yaml:13: finder: unknown key "pauses"; did you mean "pause"?'],
  [
    "a wrong word",
    "finder",
    `${database}${finder.replace("scan", "skan")}`,
    'c.yaml:12: finder.search.method: unknown value "skan"; expected scan, parse_rsync_logs; did you mean "scan"?',
  ],
  [
    "a wrong number",
    "finder",
    `${database}${finder}    past_days: -1\n`,
    'c.yaml:13: finder.search.past_days: -1 is too small: at least 0; did you mean "0"?',
  ],
  [
    "another engine",
    "finder",
    `${database.replace("sqlite:////data/endpoint.db", '"postgres://u:secret@h/db"')}${finder}`,
    'c.yaml:2: database.engine: only SQLite files are written, and postgres://...@h/db is none; did you mean "sqlite:////absolute/path.db"?',
  ],
  [
    "a database in memory",
    "finder",
    `${database.replace("sqlite:////data/endpoint.db", "sqlite://")}${finder}`,
    'c.yaml:2: database.engine: only SQLite files are written, and sqlite:// is none; did you mean "sqlite:////absolute/path.db"?',
  ],
  [
    "no table of events",
    "backfill",
    `${database.replace(/ {4}event.*\n/, "")}backfill: {storage: /s, sources: [a]}\n`,
    'c.yaml:4: database.tablenames: the key "event" is missing: the backfill writes events',
  ],
  ["broken YAML", "finder", `${database}finder: [`, expect.stringMatching(/^c\.yaml:\d+: /)],
] as const)("%s is one line that says where and what", (_, component, text, line) => {
  expect(faultsOf(component, text)).toEqual([line]);
});

test("what has no meaning here is noted: SQL in the log, pools, schemas", () => {
  const remarks = new Remarks();
  const text = `${database.replace("echo: false", "echo: true").replace("file: {schema: null", "file: {schema: dbbbm")}  pool_class: QueuePool\n${finder}`;
  expect(readEndpoint("finder", text, "c.yaml", { remarks, workingDirectory: "/here" })?.database).toEqual({
    path: "/data/endpoint.db",
    files: "files",
    events: "events",
  });
  expect(remarks.all.map(formatRemark)).toEqual([
    "c.yaml:6: database.echo is of no meaning here: there is no pool of connections, and no SQL is logged",
    "c.yaml:7: database.pool_class is of no meaning here: there is no pool of connections, and no SQL is logged",
    "c.yaml:4: database.tablenames.file.schema: SQLite has no schemas; the table is files",
  ]);
});
