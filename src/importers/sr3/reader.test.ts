import { describe, expect, test } from "vitest";
import { treeOf, type TreeText } from "../../../test/support/sr3-tree.ts";
import { formatRemark } from "../remark.ts";
import { type Configuration, readConfiguration } from "./reader.ts";

function readSender(lines: string | string[], more: TreeText = {}, env: Record<string, string> = {}): Configuration {
  const text = typeof lines === "string" ? lines : lines.join("\n");
  return readConfiguration({ component: "sender", name: "a" }, treeOf({ "sender/a.conf": text, ...more }, env));
}

function saidOf({ remarks }: Configuration): string[] {
  return remarks.map((remark) => `${remark.kind} ${formatRemark(remark)}`);
}

describe("values", () => {
  test.each<[line: string, value: object]>([
    ["mirror YES", { type: "flag", on: true }],
    ["mirror", { type: "flag", on: true }],
    ["mirror off", { type: "flag", on: false }],
    ["accelThreshold 1M", { type: "number", number: 1_000_000 }],
    ["accelThreshold 1MB", { type: "number", number: 1_048_576 }],
    ["accelThreshold 1kb", { type: "number", number: 1024 }],
    ["accelThreshold 1.5k", { type: "number", number: 1500 }],
    ["messageCountMax -3", { type: "number", number: -3 }],
    ["timeout 1.5", { type: "number", number: 1.5 }],
    ["timeout 2D", { type: "number", number: 172_800 }],
    ["timeout 1h30m", { type: "number", number: 5400 }],
    ["timeout off", { type: "number", number: 0 }],
    ["nodupe_ttl on", { type: "number", number: 300 }],
    ["permDefault 0644", { type: "number", number: 0o644 }],
    ["fileEvents -delete,rmdir", { type: "set", members: ["create", "link", "mkdir", "modify"] }],
    ["fileEvents create|modify", { type: "set", members: ["create", "modify"] }],
    ["fileEvents none", { type: "set", members: [] }],
    ["filename None", { type: "text", text: null }],
    ["strip 2", { type: "strip", strip: { kind: "count", count: 2 } }],
    ["strip .*?bob/", { type: "strip", strip: { kind: "pattern", pattern: ".*?bob/" } }],
    ["inflight .tmp", { type: "inflight", inflight: { kind: "name", name: ".tmp" } }],
    ["inflight 10", { type: "inflight", inflight: { kind: "age", seconds: 10 } }],
    ["inflight 5s", { type: "inflight", inflight: { kind: "age", seconds: 5 } }],
    ["inflight None", { type: "inflight", inflight: { kind: "none" } }],
    ["directory /a  b", { type: "text", text: "/a b" }],
  ])("%s", (line, value) => {
    const read = readSender(line);
    expect(read.effective.value(line.split(" ")[0]!)).toEqual(value);
    expect(saidOf(read).filter((said) => said.startsWith("error"))).toEqual([]);
  });

  test("what sr3 takes for something else, or for 0, is an error with what was meant", () => {
    const lines = [
      "mirror y",
      "accelThreshold 1e3",
      "timeout 10ms",
      "permDefault rw-r--r--",
      "fileEvents -delete,-rmdir",
      "inflight 5",
      "nodupe_ttl",
      "accept [",
    ];
    expect(saidOf(readSender(lines))).toEqual([
      'error sender/a.conf:1: mirror: "y" is off to sr3, whatever it was meant to be: only true, yes, on and 1 are on; did you mean "on"?',
      'error sender/a.conf:2: accelThreshold: "1e3" is no number such as 5, 1.5k, 10M or 1MiB, so that sr3 takes it for 0',
      'error sender/a.conf:3: timeout: "10ms" is no duration such as 10, 1.5s, 5m or 1h30m, so that sr3 takes it for 0; did you mean "0.01"?',
      'error sender/a.conf:4: permDefault: "rw-r--r--" is no octal mode such as 644, so that sr3 leaves the line out',
      expect.stringMatching(/^error .*:5: fileEvents: "-rmdir" is none of .*; did you mean "rmdir"\?$/),
      'error sender/a.conf:6: inflight: sr3 does not take "5" for a time, but for a name; did you mean "5s"?',
      "error sender/a.conf:7: nodupe_ttl: its value is missing, so that sr3 passes over the line",
      'error sender/a.conf:8: accept: "[" is no regular expression (unterminated character set); sr3 would stop at it',
    ]);
  });
});

describe("names", () => {
  test("old names are the new ones", () => {
    const { effective } = readSender([
      "remoteUrl sftp://h",
      "base_dir /d",
      "suppress_duplicates 60s",
      "integrity none",
      "destination sftp://i",
    ]);
    expect([effective.text("sendTo"), effective.text("baseDir"), effective.number("nodupe_ttl"), effective.text("identity")]).toEqual([
      "sftp://i",
      "/d",
      60,
      "none",
    ]);
  });

  test("an unknown one is an error with the nearest; one that sr3 passes over without harm is a note", () => {
    expect(saidOf(readSender(["instnaces 5", "accelScp /usr/bin/scp -B %s %d", "permlog 644", "to_hpfx", "parts i"]))).toEqual([
      'error sender/a.conf:1: "instnaces" is no option of sr3; did you mean "instances"?',
      'error sender/a.conf:2: "accelScp" is no option of sr3; did you mean "accelScpCommand"?',
      'note sender/a.conf:3: "permlog" is no option of sr3, which passes over it; did you mean "permLog"?',
      'error sender/a.conf:4: "to_hpfx" is no option of sr3 (perhaps it belongs to the line above: sr3 knows no continuation lines)',
      "note sender/a.conf:5: parts: an option of version 2, which sr3 passes over",
    ]);
    expect(saidOf(readSender(["declare option mine", "mine 5"]))).toEqual([
      "note sender/a.conf:2: mine: an option of a plugin, which does not run here",
    ]);
  });
});

describe("lines", () => {
  test("a comment begins a line; what looks like one behind a value is told", () => {
    const read = readSender([
      "  # no comment here",
      "#instances 3",
      "exchange foo # c",
      "instances 5 # five",
      'directory "/a b"',
      "sendTo sftp://h \\",
    ]);
    expect(read.effective.text("exchange")).toBe("foo # c");
    expect(read.effective.number("instances")).toBe(5);
    expect(saidOf(read)).toEqual([
      'note sender/a.conf:3: exchange: sr3 has no comments behind a value, so that "# c" belongs to it',
      "note sender/a.conf:5: directory: sr3 knows no quotes, so that they belong to the value",
      "note sender/a.conf:6: sendTo: sr3 knows no continuation lines, so that the \\ belongs to the value",
    ]);
  });

  test("a list is added to, and of anything else the last one counts", () => {
    const read = readSender(["vip 10.0.0.1", "vip 10.0.0.2", "instances 2", "instances 3"]);
    expect([read.effective.members("vip"), read.effective.number("instances")]).toEqual([["10.0.0.1", "10.0.0.2"], 3]);
    expect(saidOf(read)).toEqual(["note sender/a.conf:3: instances: line 4 sets it again, and the last one counts"]);
  });

  test("an accept line takes directory, mirror and strip from above it", () => {
    const { effective } = readSender([
      "directory /one",
      "accept .*one.*",
      "mirror off",
      "directory /two",
      "strip 1",
      "accept .*two.* DESTFN=x",
      "directory ~/three",
    ]);
    const placements = effective
      .each("accept")
      .map(({ value }) => (value.type === "mask" ? { ...value.placement, filename: value.filename } : null));
    expect(placements).toEqual([
      { directory: "/one", mirror: true, strip: { kind: "count", count: 0 }, flatten: "/", filename: null },
      { directory: "/two", mirror: false, strip: { kind: "count", count: 1 }, flatten: "/", filename: "DESTFN=x" },
    ]);
    expect(effective.placement().directory).toBe("~/three");
  });

  test("subtopic takes the exchange above it, and needs the broker above it", () => {
    const read = readSender(["subtopic lost.#", "broker amqp://u@h", "exchange x", "subtopic a.#", "exchange y", "subtopic b.#"]);
    expect(read.bindings.map(({ exchange, subtopic }) => [exchange, subtopic])).toEqual([
      ["x", "a.#"],
      ["y", "b.#"],
    ]);
    expect(saidOf(read)).toEqual(["error sender/a.conf:1: subtopic: broker stands below it, so that sr3 passes over the line"]);
  });
});

describe("files", () => {
  test("admin.conf, default.conf and the configuration are read in this order, and includes where they stand", () => {
    const read = readSender(["instances 2", "include more.inc", "include top.inc", "include none.inc"], {
      "admin.conf": "batch 1\ninstances 9",
      "default.conf": "batch 2",
      "sender/more.inc": "instances 3\nbatch 4",
      "top.inc": "batch 5\ninclude more.inc",
    });
    expect([read.effective.number("instances"), read.effective.number("batch")]).toEqual([3, 4]);
    expect(read.effective.at("batch")).toEqual({ file: "sender/more.inc", line: 2 });
    expect(saidOf(read).at(-1)).toBe(
      "error sender/a.conf:4: include: there is no /home/bob/.config/sr3/sender/none.inc and no /home/bob/.config/sr3/none.inc (sr3's own examples are not searched)",
    );
  });

  test("a file that includes itself ends", () => {
    expect(saidOf(readSender("include loop.inc", { "sender/loop.inc": "include loop.inc" })).at(-1)).toContain("for ever, it seems");
  });

  test("a component's own default wins over default.conf, as in sr3, and that is told", () => {
    const read = readConfiguration(
      { component: "watch", name: "w" },
      treeOf({ "default.conf": "sleep 1\nbatch 7", "watch/w.conf": "path /d" }),
    );
    expect([read.effective.number("sleep"), read.effective.number("batch")]).toEqual([5, 7]);
    expect(saidOf(read)).toEqual([
      "note default.conf:1: sleep: a watch has its own default (5), which sr3 lets win over this file: it counts in watch/*.conf only",
    ]);
  });
});

describe("variables", () => {
  test("declared ones may use those above; the environment's and sr3's own are known", () => {
    const { effective, remarks } = readSender(
      [
        "broker amqps://pas037@hub",
        "exchange xs_${BROKER_USER}_from_${HOST}_${USER}",
        "directory ${FOLDER}/${CONFIG}/${%Y}/${BUPL}/$HOME",
        "queueName q_${NOBODY}",
      ],
      { "default.conf": "declare env HOST=loli\ndeclare env FOLDER=/home/${HOST}" },
    );
    expect([effective.text("exchange"), effective.text("directory")]).toEqual([
      "xs_pas037_from_loli_bob",
      "/home/loli/a/${%Y}/${BUPL}/$HOME",
    ]);
    expect(remarks).toEqual([]);
  });

  test("an unknown one is an error where it matters; an option's name hides the environment's", () => {
    const read = readSender(
      ["declare env FOLDER=/x", "directory ${FODLER}", "declare env A=b=c", "declare env B=c d", "source me", "exchange ${SOURCE}"],
      {},
      { SOURCE: "theirs" },
    );
    expect(read.effective.text("exchange")).toBe("me");
    expect(saidOf(read)).toEqual([
      'error sender/a.conf:2: directory: there is no variable FODLER: sr3 would take ${FODLER} as it stands; did you mean "${FOLDER}"?',
      "error sender/a.conf:3: declare env: a variable is declared as NAME=VALUE, and this is not: it has more than one =, at which sr3 stops",
      'note sender/a.conf:4: declare env: sr3 takes the value up to the first blank, and passes over "d"',
      "note sender/a.conf:6: ${SOURCE} is sr3's own source, and not the variable of that name",
    ]);
  });
});
