import { describe, expect, it } from "vitest";
import type { FlowSettings } from "../flow/settings.ts";
import { renderFaults } from "./fault.ts";
import { type Configuration, parseConfiguration } from "./parse.ts";

const options = {
  env: { USER: "bob", LANES: "7", POSTS: "true", DIGITS: "2026" },
  homeDirectory: "/home/bob",
  defaultSsh: ["ssh", "-F", "~/test config"],
};

function parse(text: string): Configuration {
  const loaded = parseConfiguration(text, "/etc/hotdir/hotdir.yaml", options);
  if (!loaded.ok) throw new Error(renderFaults(loaded.faults));
  return loaded.configuration;
}

/** The settings of one flow whose sections these are. */
function flow(sections: string): FlowSettings {
  const [only] = parse(`flows:\n  a: {${sections}}`).flows;
  if (only === undefined) throw new Error("no flow");
  return only;
}
const source = "source: {directory: /data/in}";
const destination = "destination: {url: 'sftp://hub/~/in'}";

it("a flow with only what is needed has the defaults of the contract", () => {
  expect(flow(`${source}, ${destination}`)).toEqual({
    name: "a",
    source: {
      kind: "watched",
      symlinks: "transfer",
      root: "/data/in",
      accept: [],
      reject: [],
      settle: { kind: "close" },
      rescanMs: 600_000,
      propagate: new Set(["put", "rename", "link", "mkdir"]),
    },
    destination: {
      place: {
        kind: "sftp",
        host: "hub",
        user: null,
        port: null,
        directory: "in",
        ssh: ["ssh", "-F", "/home/bob/test config"],
        compress: false,
      },
      lanesMax: 5,
      inflight: { kind: "suffix", suffix: ".tmp" },
      preserve: { mtime: true, mode: true },
      chmod: null,
      verify: "sha256",
      durable: "auto",
      segmentAboveBytes: 64 * 1024 * 1024,
      accelerate: null,
      bandwidth: [],
      keepFree: { kind: "percent", percent: 2 },
    },
    announce: null,
    completion: null,
    retry: { attemptsMax: 10, backoff: { minMs: 2000, maxMs: 600_000 } },
    finish: { ingest: null, catalog: null },
    retain: { kind: "keep" },
    historyMs: 400 * 86_400_000,
    schedule: [],
    vip: null,
    log: null,
    alerts: {},
  });
});

describe("a source", () => {
  it.each([
    ["close", { kind: "close" }],
    ["30s", { kind: "quiet", quietMs: 30_000 }],
    ["0s", { kind: "quiet", quietMs: 0 }],
    ["{marker: .done}", { kind: "marker", suffix: ".done" }],
    ["{marker: \u00e9}", { kind: "marker", suffix: "\xc3\xa9" }],
  ])("settles by %s", (written, settle) => {
    expect(flow(`source: {directory: /d, settle: ${written}}, ${destination}`).source.settle).toEqual(settle);
  });

  it.each([
    ["~/in", "/home/bob/in"],
    ["in/../x", "/etc/hotdir/x"],
    ["/data//in/", "/data/in"],
    ["/\u00e9", "/\xc3\xa9"],
    ["/${DIGITS}", "/2026"],
    ["2026", "/etc/hotdir/2026"],
    ["'~/'", "/home/bob"],
  ])("at %s is the directory %s", (written, root) => {
    expect(flow(`source: {directory: "${written.replaceAll("'", "")}"}, ${destination}`).source.root).toBe(root);
  });

  it("of posts watches nothing, and has its base at the root or where it is said", () => {
    expect(flow(`source: {posts: true}, ${destination}`).source).toMatchObject({ kind: "posted", root: "/" });
    expect(flow(`source: {posts: {base: /data}}, ${destination}`).source).toMatchObject({ kind: "posted", root: "/data" });
  });

  it("matches by code points, and takes expressions that are only good without them", () => {
    const { accept } = flow(`source: {directory: /d, accept: ['^.$', '\\_\\-']}, ${destination}`).source;
    expect(accept.map((expression) => expression.flags)).toEqual(["u", ""]);
    expect(accept[0]?.test("\u{1f600}")).toBe(true);
    expect(accept[1]?.test("_-")).toBe(true);
  });
});

describe("a destination", () => {
  it.each([
    ["url: 'file:/out'", { kind: "file", directory: "/out" }],
    ["url: 'file:~/out'", { kind: "file", directory: "/home/bob/out" }],
    ["url: 'file:out'", { kind: "file", directory: "/etc/hotdir/out" }],
    [
      "url: 'sftp://${USER}@hub/', ssh: [ssh, -p, 2222, -F, ~/x]",
      {
        kind: "sftp",
        host: "hub",
        user: "bob",
        port: null,
        directory: "/",
        ssh: ["ssh", "-p", "2222", "-F", "/home/bob/x"],
        compress: false,
      },
    ],
  ])("with %s is placed", (written, place) => {
    expect(flow(`${source}, destination: {${written}}`).destination.place).toEqual(place);
  });

  it.each([
    ["sftp://hub/~/in", "/data/staging", "/data/staging"],
    ["sftp://hub/~/in", "~/staging", "staging"],
    ["sftp://hub/~/in", ".staging", "in/.staging"],
    ["sftp://hub/data", ".staging", "/data/.staging"],
    ["file:/out", "~/staging", "/home/bob/staging"],
    ["file:/out", ".staging", "/out/.staging"],
  ])("at %s with staging %s stages in %s", (url, staging, directory) => {
    const written = flow(`${source}, destination: {url: '${url}', inflight: {staging: ${staging}}}`);
    expect(written.destination.inflight).toEqual({ kind: "staging", directory });
  });

  it("takes every other key", () => {
    const written =
      "url: 'file:/out', lanes: 64, inflight: .5, preserve: [], verify: blake2b, durable: never, segment_above: 1048576, bandwidth: 50MB/s, keep_free: 100G";
    expect(flow(`${source}, destination: {${written}, accelerate: {command: [scp, -B, '%s', '%d']}}`).destination).toMatchObject({
      lanesMax: 64,
      inflight: { kind: "suffix", suffix: ".5" },
      preserve: { mtime: false, mode: false },
      verify: "blake2b",
      durable: "never",
      segmentAboveBytes: 1_048_576,
      bandwidth: [{ hours: null, bytesPerS: 5e7 }],
      keepFree: { kind: "bytes", bytes: 100 * 1024 ** 3 },
      accelerate: { aboveBytes: 1024 ** 3, command: ["scp", "-B", "%s", "%d"] },
    });
  });
});

it.each([
  ["keep", { kind: "keep" }],
  ["{hold: ~/held}", { kind: "hold", directory: "/home/bob/held", emptyDirectoriesAfterMs: null }],
  ["{hold: /held, empty_directories_after: 1d}", { kind: "hold", directory: "/held", emptyDirectoriesAfterMs: 86_400_000 }],
  ["{delete_after: 7d, empty_directories_after: 0s}", { kind: "delete", afterMs: 7 * 86_400_000, emptyDirectoriesAfterMs: 0 }],
])("retain: %s is read", (written, retain) => {
  expect(flow(`${source}, ${destination}, retain: ${written}`).retain).toEqual(retain);
});

it("a holding area beside the source, with the same beginning of its name, is no fault", () => {
  expect(flow(`${source}, ${destination}, retain: {hold: /data/in-held}`).retain).toMatchObject({ directory: "/data/in-held" });
});

it("what was posted may be held anywhere, since nothing is watched", () => {
  expect(flow(`source: {posts: true}, ${destination}, retain: {hold: /held}`).retain).toMatchObject({ directory: "/held" });
});

it("two flows may share a source", () => {
  const both = `a: {${source}, ${destination}}, b: {${source}, destination: {url: 'file:/out'}}`;
  expect(parse(`flows: {${both}}`).flows.map((one) => one.name)).toEqual(["a", "b"]);
});

describe("variables", () => {
  it("come from vars before the environment, may use those above them, and are not filled twice", () => {
    const text = `vars: {USER: alice, home: "/home/\${USER}", odd: "$\${USER}"}\nflows: {a: {source: {directory: "\${home}/\${odd}"}, ${destination}}}`;
    expect(parse(text).flows[0]?.source.root).toBe("/home/alice/${USER}");
  });

  it("a lone dollar needs no escape", () => {
    expect(flow(`source: {directory: /d, reject: ['\\.tmp$', 'a$|b']}, ${destination}`).source.reject.map(String)).toEqual([
      String.raw`/\.tmp$/u`,
      "/a$|b/u",
    ]);
  });

  it("without quotes may stand for numbers and words", () => {
    const block = `flows:\n  a:\n    source:\n      posts: \${POSTS}\n    destination:\n      url: file:/out\n      lanes: \${LANES}\n      segment_above: \${DIGITS}00\n`;
    expect(parse(block).flows[0]).toMatchObject({ source: { kind: "posted" }, destination: { lanesMax: 7, segmentAboveBytes: 202_600 } });
  });
});

describe("anchors", () => {
  it("share values between flows, and own keys win over merged ones", () => {
    const text = `x-fast: &fast {lanes: 20, verify: md5}
flows:
  a:
    source: &in {directory: /data/in}
    destination: {<<: *fast, url: "sftp://one/", verify: sha512}
  b: {source: *in, destination: {url: "sftp://two/", <<: [*fast, {lanes: 1, durable: always}]}}
`;
    const [a, b] = parse(text).flows;
    expect(a?.destination).toMatchObject({ lanesMax: 20, verify: "sha512" });
    expect(b?.destination).toMatchObject({ lanesMax: 20, verify: "md5", durable: "always" });
    expect(b?.source).toEqual(a?.source);
  });

  it("may be used as often as one likes while they stay small", () => {
    const flows = Array.from({ length: 200 }, (_, index) => `  f${index}: *f\n`).join("");
    expect(parse(`x-f: &f {${source}, ${destination}}\nflows:\n${flows}`).flows).toHaveLength(200);
  });
});

it("for every value it is known where it came from, as it was written", () => {
  const { origins } = parse(
    `vars: {n: 3}\nflows:\n  a:\n    ${source}\n    destination:\n      url: "sftp://h/~/\${n}"\n    retry: {attempts: 2}\n`,
  );
  expect(Object.fromEntries(origins)).toMatchObject({
    "flows.a.source.directory": { value: "/data/in", from: "/etc/hotdir/hotdir.yaml:4" },
    "flows.a.source.rescan": { value: "10m", from: "default" },
    "flows.a.destination.url": { value: "sftp://h/~/${n}", from: "/etc/hotdir/hotdir.yaml:6" },
    "flows.a.destination.ssh": { value: "[ssh, -F, ~/test config]", from: "default" },
    "flows.a.destination.verify": { value: "sha256", from: "default" },
    "flows.a.retry.attempts": { value: "2", from: "/etc/hotdir/hotdir.yaml:7" },
    "flows.a.retry.backoff": { value: "2s..10m", from: "default" },
    "flows.a.retain": { value: "keep", from: "default" },
    "flows.a.history": { value: "400d", from: "default" },
  });
});

it("a file with a byte order mark and Windows line ends is read, with the right lines in its faults", () => {
  const text = `\ufeffflows:\r\n  a:\r\n    ${source}\r\n    ${destination}\r\n`;
  expect(parse(text).flows).toHaveLength(1);
  const loaded = parseConfiguration(`${text}    retian: keep\r\n`, "/etc/x.yaml", options);
  expect(loaded.ok ? [] : loaded.faults).toMatchObject([
    { line: 5, column: 5, suggestion: "retain", excerpt: { text: "    retian: keep" } },
  ]);
});
