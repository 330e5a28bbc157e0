import { expect, test } from "vitest";
import { parseConfiguration } from "../../../config/parse.ts";
import { formatRemark } from "../../remark.ts";
import { importHandoff } from "./import-handoff.ts";

const example = `database:
  engine: "sqlite:////path/to/sqlite.db"
  echo: false
  pool_type: QueuePool
handoff:
  buffer: /data/buffer
  holding: /data/holding
endpoint:
  user: jdoe
  host: example.edu
  port: 2222
  buffer: /data/buffer
  staging: /data/staging
  commands:
    remote: "ssh -p {port} {user}@{host} \\"{command}\\""
    transfer: "scp -Bq {batch} {user}@{host}:{dest}"
logging:
  format: "%(asctime)s:%(name)s:%(levelname)s:%(message)s"
  file: null
  level: INFO
  rotate: null
  when: 'H'
  interval: 1
  maxbytes: 0
  backup_count: 0
general:
  chunk_size: 200
  timeout: 90
  num_threads: 2
  expiration_time: 3600
  pause: 2
  exclude_list:
    - '\\.temp'
    - (?i)readme
`;

const read = (text: string) => importHandoff(text, "config.yaml", { workingDirectory: "/work dir", isRun: false });
const errors = (text: string): string[] =>
  read(text)
    .remarks.filter(({ kind }) => kind === "error")
    .map(formatRemark);

test("all of the example configuration is carried over, each key with its line", () => {
  const { yaml, remarks } = read(example);
  const loaded = parseConfiguration(yaml!, "/etc/hotdir.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  if (!loaded.ok) throw new Error(loaded.faults[0]?.message);
  expect(loaded.configuration.flows).toMatchObject([
    {
      name: "handoff",
      source: { root: "/data/buffer", reject: [/\.temp/u, /(?i:readme)/u], rescanMs: 60_000, propagate: new Set(["put"]) },
      destination: {
        place: { kind: "commands", directory: "/data/buffer", batchMax: 100, stillMs: 90_000, journal: "/path/to/sqlite.db" },
        inflight: { kind: "staging", directory: "/data/staging" },
        lanesMax: 2,
        verify: "blake2b",
      },
      retry: { attemptsMax: Infinity, backoff: { minMs: 2000, maxMs: 600_000 } },
      retain: { kind: "hold", directory: "/data/holding", emptyDirectoriesAfterMs: 3_600_000 },
    },
  ]);
  expect(yaml).toMatch(/port: '2222' +# config\.yaml:11$/m);
  expect(remarks.map(formatRemark)).toEqual([
    "config.yaml:4: database.pool_type is of no meaning here: there is no pool of connections, and no SQL is logged",
    "a file is sent once nobody has it open for writing; the original sent it as it was found",
    "only files are sent, as in the original: no empty directory, no symbolic link, no removal",
  ]);
});

test("numbers that the original takes, of any size, come to a good flow", () => {
  const most = example.replace(/(chunk_size|timeout|num_threads|expiration_time|pause): \d+/g, "$1: 100000000");
  const loaded = parseConfiguration(read(most).yaml!, "/etc/hotdir.yaml", { env: {}, homeDirectory: "/home/u", defaultSsh: ["ssh"] });
  expect(loaded.ok ? [] : loaded.faults).toEqual([]);
});

test("what has a default may be left out, and an unknown key is a note", () => {
  const text = example
    .replace(/^logging:[^]*/m, "generel: {}\n")
    .replace("  staging: /data/staging\n", "")
    .replace("sqlite:////path/to/", "sqlite:///");
  const { yaml, remarks } = read(text);
  expect(yaml).toMatch(/journal: '?\/work dir\/sqlite\.db/);
  expect(yaml).toMatch(/batch: 10$/m);
  expect(remarks.map(formatRemark)).toContain(
    'config.yaml:16: the section "generel" is unknown, and has no effect; did you mean "general"?',
  );
  expect(remarks.map(formatRemark).join("\n")).toMatch(
    /config\.yaml:12: without a staging area files land in hidden directories of the buffer/,
  );
});

test.each<[string, string | RegExp, string, RegExp]>([
  ["a missing key", "  holding: /data/holding\n", "", /^config\.yaml:6: handoff: the key "holding" is missing$/],
  ["a missing section", /^endpoint:[^]*?(?=^logging)/m, "", /^config\.yaml:1: the section "endpoint" is missing$/],
  [
    "an unknown parameter",
    "{port}",
    "{prt}",
    /^config\.yaml:15: endpoint\.commands\.remote: the parameter \{prt\} is used and not defined; did you mean "\{port\}"\?$/,
  ],
  ["a reserved name", "  port: 2222", "  port: 2222\n  dest: /x", /^config\.yaml:12: endpoint\.dest: the name is reserved/],
  ["neither file nor batch", "{batch}", "x", /^config\.yaml:16: endpoint\.commands\.transfer: it has neither/],
  ["an open quotation", "{dest}", "'{dest}", /^config\.yaml:16: endpoint\.commands\.transfer: the quotation that begins with '/],
  [
    "a relative directory at the endpoint",
    "staging: /data/staging",
    "staging: staging",
    /^config\.yaml:13: endpoint\.staging: "staging" is no whole path/,
  ],
  [
    "a staging area that tools misread",
    "/data/staging",
    "/data/sta ging",
    /^config\.yaml:13: endpoint\.staging: files land below "\/data\/sta ging"/,
  ],
  [
    "a holding area in the buffer",
    "holding: /data/holding",
    "holding: /data/buffer/held",
    /^config\.yaml:7: handoff\.holding: .* is inside of the buffer/,
  ],
  [
    "another database",
    "sqlite:////path/to/sqlite.db",
    "postgresql://u:pw@h/db",
    /^config\.yaml:2: database\.engine: only SQLite files are written, and postgresql:\/\/\.\.\.@h\/db is none/,
  ],
  [
    "a number that is too small",
    "num_threads: 2",
    "num_threads: 0",
    /^config\.yaml:29: general\.num_threads: expected a whole number from 1, found 0$/,
  ],
  [
    "a bad regular expression",
    "(?i)readme",
    "'a(b'",
    /^config\.yaml:34: general\.exclude_list: "a\(b" is no regular expression: missing \)/,
  ],
  ["a level that is none", "level: INFO", "level: info", /^config\.yaml:20: logging\.level: unknown value "info".*did you mean "INFO"\?$/],
  ["a field that is none", "%(name)s", "%(nom)s", /^config\.yaml:18: logging\.format: %\(nom\)s is no field/],
  ["no YAML", "database:", "database: [", /^config\.yaml:\d+: /],
])("%s is one line that says where and what", (_, before, after, line) => {
  const told = errors(example.replace(before, after));
  expect(told[0]).toMatch(line);
  // What is no YAML may be so in several ways.
  expect(told.length).toBeLessThanOrEqual(after === "database: [" ? 9 : 1);
});
