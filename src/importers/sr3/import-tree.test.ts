import { filePlaceOf } from "../../flow/file-place.ts";
import { describe, expect, test } from "vitest";
import { treeOf, type TreeText } from "../../../test/support/sr3-tree.ts";
import { parseConfiguration } from "../../config/parse.ts";
import type { FlowSettings } from "../../flow/settings.ts";
import { formatRemark } from "../remark.ts";
import { type Imported, importWithoutBroker } from "./import-tree.ts";

function imported(files: TreeText, wanted: string[] | null = null): Imported {
  return importWithoutBroker(treeOf(files), wanted === null ? null : ({ component, name }) => wanted.includes(`${component}/${name}`));
}

/** As the loader of our own files takes it. */
function settingsOf({ yaml, remarks }: Imported): FlowSettings[] {
  if (yaml === null) throw new Error(remarks.map(formatRemark).join("\n"));
  const parsed = parseConfiguration(yaml, "/home/bob/hotdir.yaml", { env: {}, homeDirectory: "/home/bob", defaultSsh: ["ssh"] });
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.faults)}\n${yaml}`);
  return parsed.configuration.flows;
}

function said({ remarks }: Imported, kind: string): string[] {
  return remarks.filter((remark) => remark.kind === kind).map(formatRemark);
}

const watch = ["post_broker amqps://u@hub", "post_exchange xs_u_up", "post_baseUrl file:${HOME}/up", "path ${HOME}/up"];
const sender = ["broker amqps://u@hub", "exchange xs_u_up", "sendTo sftp://far", "baseDir ${HOME}/up", "directory /data/in"];

function pair(watchLines: string[], senderLines: string[], more: TreeText = {}): TreeText {
  return { "watch/up.conf": [...watch, ...watchLines].join("\n"), "sender/up.conf": [...sender, ...senderLines].join("\n"), ...more };
}

test("a watch and a sender with every habit of the documents become the flow that does the same", () => {
  const result = imported(
    pair(
      ["fileEvents -delete,rmdir", "nodupe_ttl on", "sleep 30", "fileAgeMin 2", "reject .*.tmp$", "accept .*"],
      [
        "instances 5",
        "inflight .part",
        "accelThreshold 1M",
        "accelScpCommand /usr/bin/scp -B -l 1024 %s %d",
        "nodupe_ttl on",
        "byteRateMax 1M",
        "timeCopy off",
        "attempts 3",
        "retry_ttl 10m",
        "vip 10.1.2.3",
        "logLevel debug",
        "delete_source on",
        "identity md5",
        "reject .*/\\..*",
        "accept .*",
      ],
    ),
  );
  expect(said(result, "assumed")).toEqual([]);
  const [flow, ...none] = settingsOf(result);
  expect(none).toEqual([]);
  expect(flow).toMatchObject({
    name: "up",
    source: { kind: "watched", root: "/home/bob/up", settle: { kind: "quiet", quietMs: 2000 }, rescanMs: 30_000, accept: [] },
    destination: {
      place: { kind: "sftp", host: "far", user: null, port: null, directory: "/data/in", ssh: ["ssh"] },
      lanesMax: 5,
      inflight: { kind: "suffix", suffix: ".part" },
      preserve: { mtime: false, mode: true },
      verify: "md5",
      accelerate: { aboveBytes: 1_000_000, command: ["/usr/bin/scp", "-B", "-l", "1024", "%s", "%d"] },
      bandwidth: [{ hours: null, bytesPerS: 5_000_000 }],
    },
    retry: { attemptsMax: 9 },
    retain: { kind: "delete", afterMs: 0 },
    vip: "10.1.2.3",
    log: "debug",
  });
  expect([...flow!.source.propagate]).toEqual(["put", "rename", "link", "mkdir"]);
  const rejects = (path: string): boolean => flow!.source.reject.some((one) => one.test(path));
  expect(["a.tmp", "d/xtmp", "tmp", ".hidden", "d/.hidden", "a", "tmp/a", "d/a.tmp2"].map(rejects)).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(result.yaml).toMatch(/url: sftp:\/\/far\/data\/in +# sender\/up.conf:3, sender\/up.conf:5\n/);
});

test("a sender without baseDir and directory, with a broker that is none, reads where the watch sees and says so", () => {
  const result = imported({
    "watch/up.conf": watch.join("\n"),
    "sender/up.conf":
      "broker amqps://u@hub\nexchange xs_u_up\nsendTo sftp://far\npost_broker hub://u@hub\npost_exchange done\npost_baseUrl sftp://u@hub/in\npost_baseDir /data/in",
  });
  expect(settingsOf(result)[0]).toMatchObject({ source: { root: "/home/bob/up" }, destination: { place: { directory: "/data/in" } } });
  expect(said(result, "assumed")).toEqual([
    "sender/up.conf:1: assumed: files are read in /home/bob/up, where watch/up sees them: without baseDir sr3 looks for them in /",
  ]);
  expect(said(result, "note").find((note) => note.startsWith("sender/up.conf:4"))).toContain("hub: is none of amqp:, amqps:");
  // sr3 forwards removals unless it is told not to.
  expect([...settingsOf(result)[0]!.source.propagate]).toEqual(["put", "rename", "link", "mkdir", "delete", "rmdir"]);
});

test("a post and its sender become a flow for explicit posts, without removals", () => {
  const result = imported({
    "post/queue.conf": "post_broker amqps://u@hub\npost_exchange xs_q\npost_baseUrl file:\nreject .*.tmp$\naccept .*",
    "sender/queue.conf": "broker amqps://u@hub\nexchange xs_q\nsendTo sftp://me@far:2222\ninstances 1\npost_baseDir /data/in",
  });
  expect(settingsOf(result)[0]).toMatchObject({
    name: "queue",
    source: { kind: "posted", root: "/" },
    destination: { place: { host: "far", user: "me", port: 2222, directory: "/data/in" }, lanesMax: 1 },
  });
  expect([...settingsOf(result)[0]!.source.propagate]).toEqual(["put", "rename", "link", "mkdir"]);
});

describe("where files go", () => {
  test("accept lines with directories of their own become a flow each, and no file goes twice", () => {
    const flows = settingsOf(imported(pair([], ["accept .*\\.nc$", "directory results", "accept .*/log/.*", "reject .*"])));
    expect(flows.map(({ name, destination }) => [name, filePlaceOf(destination).directory])).toEqual([
      ["up", "/data/in"],
      ["up_2", "results"],
    ]);
    const goes = (path: string): string[] =>
      flows
        .filter(
          ({ source: { accept, reject } }) =>
            !reject.some((one) => one.test(path)) && (accept.length === 0 || accept.some((one) => one.test(path))),
        )
        .map(({ name }) => name);
    expect(["a.nc", "log/a.nc", "log/a", "x/log/b", "other"].map(goes)).toEqual([["up"], ["up"], ["up_2"], ["up_2"], []]);
  });

  test.each<[name: string, lines: string[], directory: string]>([
    ["the watched directory below the base", ["post_baseDir /home"], "/data/in/bob/up"],
    ["what all files have in common is stripped", ["post_baseDir /home", "strip 1"], "/data/in/up"],
  ])("%s", (_name, [base = "", ...more], directory) => {
    const [flow] = settingsOf(imported(pair([base], ["baseDir /home", ...more, "accept .*"])));
    expect(filePlaceOf(flow!.destination).directory).toBe(directory);
  });

  test.each<[lines: string[], error: string]>([
    [["mirror off", "accept .*"], "mirror off puts the files of all directories into one"],
    [["strip 1", "accept .*"], "strip 1 takes away directories below the source"],
    [["flatten -", "accept .*"], "flatten gives files other names"],
    [["accept .* DESTFN=x"], "filename DESTFN=x gives files other names"],
    [["directory /d/${YYYYMMDD}", "accept .*"], "depends on each message"],
    [["accept (.*)/\\1"], "cannot carry over a back reference"],
    [["rename /x"], "another name"],
    [["dry_run on"], "nothing would be sent"],
    [["inflight tmp"], "none of none, umask, a suffix"],
    [["reject .*"], "its accept and reject lines let nothing pass"],
  ])("%j is refused, with its line", (lines, error) => {
    const result = imported(pair([], lines));
    expect(result.yaml).toBeNull();
    expect(said(result, "error").join("\n")).toContain(error);
  });

  test("a directory below the accept lines, one at ~, and none at all are told", () => {
    const result = imported(pair([], ["accept .*", "directory ~/late"]));
    expect(filePlaceOf(settingsOf(result)[0]!.destination).directory).toBe("/data/in");
    expect(said(result, "note").filter((note) => note.includes("directory:"))).toEqual([
      "sender/up.conf:7: directory: it stands below all accept lines, so that it counts only for files that no line matches",
      "sender/up.conf:7: directory: sr3 fills in the home of this machine for ~; without ~/ a directory begins at the login directory there",
    ]);
    const none = imported({ "watch/up.conf": watch.join("\n"), "sender/up.conf": sender.slice(0, 4).join("\n") });
    expect(filePlaceOf(settingsOf(none)[0]!.destination).directory).toBe("/");
    expect(said(none, "note")).toContain(
      "sender/up.conf:1: it names neither directory nor post_baseDir, so that files go to the root directory there",
    );
  });

  test("a placement that no file takes is no reason to refuse", () => {
    expect(settingsOf(imported(pair([], ["accept .*", "mirror off"])))).toHaveLength(1);
    expect(
      settingsOf(imported(pair(["recursive off"], ["mirror off", "accept .*"])))[0]!.source.reject.some((one) => one.test("d/a")),
    ).toBe(true);
  });
});

describe("keys", () => {
  const destinationOf = (...lines: string[]): object => settingsOf(imported(pair([], lines)))[0]!.destination;

  test.each<[line: string, settings: object]>([
    ["inflight .", { inflight: { kind: "staging", directory: "/data/in/.inflight" } }],
    ["inflight tmp/", { inflight: { kind: "staging", directory: "/data/in/tmp" } }],
    ["inflight umask", { inflight: { kind: "suffix", suffix: ".tmp" } }],
    ["inflight none", { inflight: { kind: "suffix", suffix: ".tmp" } }],
    ["instances 100", { lanesMax: 64 }],
    ["identity none", { verify: "sha256" }],
    ["permCopy off", { preserve: { mtime: true, mode: false } }],
    ["accelThreshold 10Mb", { accelerate: { aboveBytes: 10 * 2 ** 20, command: ["/usr/bin/scp", "%s", "%d"] } }],
    [
      "directory on it's #1 100%",
      { place: { kind: "sftp", host: "far", user: null, port: null, directory: "on it's #1 100%", ssh: ["ssh"] } },
    ],
    ["directory ~/x", { place: { kind: "sftp", host: "far", user: null, port: null, directory: "/home/bob/x", ssh: ["ssh"] } }],
  ])("%s", (line, settings) => {
    expect(destinationOf(line)).toMatchObject(settings);
  });

  test("a time in inflight is a quiet time, also of the sender", () => {
    expect(settingsOf(imported(pair([], ["inflight 15"])))[0]!.source.settle).toEqual({ kind: "quiet", quietMs: 15_000 });
  });

  test("without retry_ttl sr3 never gives up: fewer attempts than our own are not taken, more are", () => {
    expect(settingsOf(imported(pair([], ["attempts 3"])))[0]!.retry.attemptsMax).toBe(10);
    expect(settingsOf(imported(pair([], ["attempts 30"])))[0]!.retry.attemptsMax).toBe(30);
  });

  test("every line that has no part in the flow is a note with its place", () => {
    const result = imported(
      pair(
        ["inflight .tmp", "instances 3"],
        [
          "prefetch 50",
          "expire 2d",
          "message_ttl 1h",
          "queueName q_${USER}_x",
          "timeout 10",
          "callback mine",
          "batch 50",
          "path /elsewhere",
        ],
      ),
    );
    expect(
      said(result, "note")
        .slice(0, 10)
        .map((note) => note.replace(/^(\S+ \w+):.*$/, "$1")),
    ).toEqual([
      "sender/up.conf:6: prefetch",
      "sender/up.conf:7: expire",
      "sender/up.conf:8: post_messageAgeMax",
      "sender/up.conf:9: queueName",
      "sender/up.conf:10: timeout",
      "sender/up.conf:11: callback",
      "sender/up.conf:12: batch",
      "sender/up.conf:13: path",
      "watch/up.conf:5: inflight",
      "watch/up.conf:6: instances",
    ]);
  });
});

describe("who meets whom", () => {
  test("several paths and several watches are a flow each", () => {
    const flows = settingsOf(
      imported({
        ...pair(["path ${HOME}/more", "path ${HOME}/up/inside"], []),
        "watch/other.conf": "post_broker amqp://w@HUB\npost_exchange xs_u_up\npost_baseUrl file:/srv\npath /srv",
      }),
    );
    expect(flows.map(({ name, source: { root } }) => [name, root])).toEqual([
      ["up", "/home/bob/up"],
      ["up_2", "/home/bob/more"],
      ["up_other", "/srv"],
    ]);
  });

  test("another broker, or an exchange that nobody posts to, is told, and a subtopic narrows", () => {
    const result = imported({
      ...pair([], ["subtopic a.#"]),
      "sender/elsewhere.conf": "broker amqps://u@hub2\nexchange xs_u_up\nsendTo sftp://far\ndirectory /d",
      "sender/nobody.conf": "broker amqps://u@hub\nsendTo sftp://far\ndirectory /d",
      "sarra/x.conf": "broker amqps://u@hub",
    });
    expect(result.alone.map(({ name, why }) => `${name.component}/${name.name}: ${why}`)).toEqual([
      "sender/elsewhere: no watch or post here posts to xs_u_up of amqps://u@hub2",
      "sender/nobody: no watch or post here posts to xs_u of amqps://u@hub",
      "sarra/x: a flow without a broker begins with a watch or a post, and ends with a sender",
    ]);
    expect(settingsOf(result)[0]!.source.accept.map((one) => ["a/f", "a/b/f", "b/f", "f"].map((path) => one.test(path)))).toEqual([
      [true, true, false, false],
    ]);
  });

  test("an error in a side that is wanted ends it, and one elsewhere does not matter", () => {
    const files = { ...pair([], []), "watch/bad.conf": "path relative\nnonsense here" };
    expect(imported(files, ["sender/up"]).flows).toEqual(["up"]);
    for (const wanted of [["watch/bad"], null]) {
      const result = imported(files, wanted);
      expect([result.yaml, result.alone]).toEqual([null, []]);
      expect(said(result, "error")).toContain('watch/bad.conf:2: "nonsense" is no option of sr3');
    }
  });
});

describe("credentials", () => {
  test("a key becomes ssh's, a password is never shown, and others may not read the file", () => {
    const secret = "W0rd!@x";
    const result = imported(
      pair([], ["accelThreshold 1M"], {
        "credentials.conf": `amqps://u:${secret}@hub\nsftp://far:2222 ssh_keyfile=/wrong\nsftp://bob:${secret}@far ssh_keyfile=/home/bob/.ssh/far_key,passive\n# no comment`,
      }),
    );
    expect(settingsOf(result)[0]!.destination.place).toMatchObject({ user: "bob", ssh: ["ssh", "-i", "/home/bob/.ssh/far_key"] });
    expect(said(result, "note")[0]).toBe(
      "credentials.conf:1: others may read the passwords in it: chmod 600 /home/bob/.config/sr3/credentials.conf",
    );
    expect(JSON.stringify(result)).not.toMatch(/W0rd|!@x/);
  });

  test("a password in any line is shown nowhere", () => {
    const result = imported({
      "watch/up.conf":
        "post_broker amqps://u:hu@sh1@hub\npost_exchange x\npost_baseUrl file://u:hush2@h/home/bob/up\npath /home/bob/up\naccept never",
      "sender/up.conf":
        "broker amqps://u:hush3@hub\nexchange x\nsendTo sftp://bob:hush4@far/where\npost_broker hub://u:hush5@hub\nheader token=hush6",
      "sender/alone.conf": "broker amqps://u:hush7@hub\nexchange y\nsendTo sftp://far",
    });
    const shown = [result.yaml ?? "", ...result.remarks.map(formatRemark), ...result.alone.map(({ why }) => why)].join("\n");
    expect(shown).toContain("amqps://u@hub");
    expect(shown).not.toMatch(/hush|sh1/);
  });

  test("a password alone is no way in, and a line that is no address is told without repeating it", () => {
    const result = imported(pair([], [], { "credentials.conf": "sftp://bob:secret@far\nhunter2 secret" }));
    expect(result.yaml).toBeNull();
    expect(said(result, "error")).toEqual(["credentials.conf:2: this is no address such as sftp://user@host, with options behind it"]);
    expect(said(result, "note").join("\n")).toContain("ssh-copy-id brings a key to far");
  });
});
