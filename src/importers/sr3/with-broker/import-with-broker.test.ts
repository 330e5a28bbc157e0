import { describe, expect, test } from "vitest";
import { treeOf, type TreeText } from "../../../../test/support/sr3-tree.ts";
import { parseConfiguration } from "../../../config/parse.ts";
import { filePlaceOf } from "../../../flow/file-place.ts";
import type { FlowSettings, PublishSettings, SubscribedSource } from "../../../flow/settings.ts";
import { formatRemark } from "../../remark.ts";
import { type Imported, importTree } from "../import-tree.ts";

function imported(files: TreeText, wanted: string[] | null = null): Imported {
  const tree = treeOf({ "credentials.conf": "amqps://u:secret@hub\n", ...files });
  return importTree(tree, wanted === null ? null : ({ component, name }) => wanted.includes(`${component}/${name}`), {
    withoutBroker: false,
  });
}

/** As the loader of our own files takes it. */
function settingsOf({ yaml, remarks }: Imported): FlowSettings[] {
  if (yaml === null) throw new Error(remarks.map(formatRemark).join("\n"));
  const place = { env: {}, homeDirectory: "/home/bob", defaultSsh: ["ssh"] };
  const parsed = parseConfiguration(yaml, "/home/bob/hotdir.yaml", place);
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.faults)}\n${yaml}`);
  return parsed.configuration.flows;
}

function flowOf(files: TreeText, name?: string): FlowSettings {
  const flow = settingsOf(imported(files)).find((one) => name === undefined || one.name === name);
  if (flow === undefined) throw new Error(`there is no ${name}`);
  return flow;
}

function subscribed({ source }: FlowSettings): SubscribedSource {
  if (source.kind !== "subscribed") throw new Error("it does not subscribe");
  return source;
}

function published({ destination: { place } }: FlowSettings): PublishSettings {
  if (place.kind !== "publish") throw new Error("it does not publish");
  return place.publish;
}

function said({ remarks }: Imported, kind: string): string[] {
  return remarks.filter((remark) => remark.kind === kind).map(formatRemark);
}

/** The fate of a path, as the routes decide it: the index of the line, or -1. */
function lineFor({ routes }: SubscribedSource, url: string): number {
  return routes.findIndex(({ pattern }) => pattern !== null && new RegExp(pattern.source, `${pattern.flags}y`).test(url));
}

const broker = {
  url: "amqps://u@hub/",
  credentialsFile: "/home/bob/.config/sr3/credentials.conf",
  caFile: null,
};

describe("a watch and a sender with every habit of the documents", () => {
  const files: TreeText = {
    "default.conf": [
      "declare env NICK=far",
      "declare env FOLDER=/data/on_${NICK}",
      "declare env UP=xs_u_from_loli_to_${NICK}",
      "declare env HUB=hub",
    ].join("\n"),
    "watch/to_far.conf": [
      "post_broker amqps://u@${HUB}",
      "post_exchange ${UP}",
      "post_baseUrl file:${HOME}/to_far",
      "fileEvents -delete,rmdir",
      "path ${HOME}/to_far",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "accept .*",
    ].join("\n"),
    "sender/to_far.conf": [
      "broker amqps://u@${HUB}",
      "exchange ${UP}",
      "sendTo sftp://${NICK}",
      "baseDir ${HOME}/to_far",
      "instances 5",
      "inflight .tmp",
      "accelThreshold 1M",
      "fileEvents -delete,rmdir",
      "nodupe_ttl on",
      "reject .*.tmp$",
      "directory ${FOLDER}",
      "accept .*",
      "post_broker amqps://u@${HUB}",
      "post_baseUrl sftp://${NICK}",
      "post_baseDir ${FOLDER}",
      "post_exchange xs_u_on_${NICK}",
    ].join("\n"),
  };

  test("the watch publishes as sr3 does", () => {
    const flow = flowOf(files, "watch-to_far");
    expect(flow.source).toMatchObject({ kind: "watched", root: "/home/bob/to_far", accept: [] });
    expect([...flow.source.propagate]).toEqual(["put", "rename", "link", "mkdir"]);
    expect(["a.tmp", "tmp", "a.txt"].map((path) => flow.source.reject.some((one) => one.test(path)))).toEqual([true, true, false]);
    expect(published(flow)).toEqual({
      broker,
      exchange: "xs_u_from_loli_to_far",
      split: 1,
      topicPrefix: ["v03"],
      declare: true,
      baseUrl: "file:/home/bob/to_far",
      pathPrefix: "",
      source: null,
      headers: {},
      inlineMaxBytes: 0,
    });
    expect(flow).toMatchObject({ destination: { verify: "sha512", preserve: { mtime: true, mode: true } }, announce: null });
  });

  test("the sender takes sr3's messages, sends, and announces", () => {
    const flow = flowOf(files, "sender-to_far");
    expect(subscribed(flow)).toMatchObject({
      root: "/home/bob/to_far",
      base: "root",
      match: "url",
      duplicatesMs: 300_000,
      subscription: {
        broker,
        exchange: "xs_u_from_loli_to_far",
        topicPrefix: ["v03"],
        subtopics: ["#"],
        durable: true,
        expireMs: null,
        messageTtlMs: null,
        declare: true,
      },
    });
    expect(subscribed(flow).subscription.queue).toMatch(/^q_u\.sender\.to_far\.bob_loli_\d{8}$/);
    expect(subscribed(flow).routes.map(({ accepts, into, mirror }) => [accepts, into, mirror])).toEqual([
      [false, "", true],
      [true, "", true],
    ]);
    expect(["file:/home/bob/to_far/a/x.tmp", "file:/home/bob/to_far/a/x"].map((url) => lineFor(subscribed(flow), url))).toEqual([0, 1]);
    expect(flow.destination).toMatchObject({
      place: { kind: "sftp", host: "far", directory: "/data/on_far" },
      lanesMax: 5,
      inflight: { kind: "suffix", suffix: ".tmp" },
      accelerate: { aboveBytes: 1_000_000 },
    });
    expect(flow.announce).toMatchObject({ broker, exchange: "xs_u_on_far", baseUrl: "sftp://far", pathPrefix: "" });
  });

  test("each import names the same queue, another host and another user another", () => {
    const queueFor = (env: Record<string, string>, hostname: string): string => {
      const tree = treeOf({ "credentials.conf": "", ...files }, env);
      const made = importTree({ ...tree, machine: { ...tree.machine, hostname } }, ({ component }) => component === "sender", {
        withoutBroker: false,
      });
      return subscribed(settingsOf(made)[0]!).subscription.queue;
    };
    const names = [queueFor({}, "loli"), queueFor({}, "loli"), queueFor({}, "pop"), queueFor({ USER: "eve" }, "loli")];
    expect(names[0]).toBe(names[1]);
    expect(new Set(names).size).toBe(3);
  });

  test("what is assumed and what is not needed is told", () => {
    const made = imported(files);
    expect(said(made, "error")).toEqual([]);
    expect(said(made, "assumed")).toEqual([
      expect.stringMatching(/^sender\/to_far\.conf:1: assumed: the queue is q_u\.sender\.to_far\.bob_loli_\d{8}: /),
    ]);
    expect(said(made, "note")[1]).toMatch(/^watch\/to_far\.conf:6: nodupe_ttl: each version of a file is told of once/);
    expect(made.flows).toEqual(["watch-to_far", "sender-to_far"]);
  });
});

describe("the queue", () => {
  const lines = (...more: string[]): string =>
    ["broker amqps://u@hub", "exchange x", "sendTo sftp://far", "directory /in", ...more].join("\n");
  const kept = "/home/bob/.cache/sr3/sender/a/sender.a.u.qname";

  test("is the one that sr3 used, whatever the options say by now", () => {
    const made = imported({ "sender/a.conf": lines("queueName q_u_new"), [kept]: "q_u.sender.a.bob_loli_07605188" });
    expect(subscribed(settingsOf(made)[0]!).subscription.queue).toBe("q_u.sender.a.bob_loli_07605188");
    expect(said(made, "note")).toContain(
      "sender/a.conf:5: queueName: sr3 goes on with q_u.sender.a.bob_loli_07605188, which it used before, whatever the line says",
    );
    expect(said(made, "assumed")).toEqual([]);
  });

  test.each<[line: string, name: RegExp]>([
    ["queueName q_${BROKER_USER}_mine", /^q_u_mine$/],
    ["queueShare together", /^q_u\.sender\.a\.together$/],
    ["queueName q_u.${CONFIG}.${RAND8}", /^q_u\.a\.\d{8}$/],
    ["queue q_${HOSTNAME}", /^q_loli$/],
  ])("%s", (line, name) => {
    expect(subscribed(flowOf({ "sender/a.conf": lines(line) })).subscription.queue).toMatch(name);
  });

  test("its properties are those that sr3 declares it with", () => {
    const flow = flowOf({
      "sender/a.conf": lines(
        "expire 2d",
        "messageAgeMax 1h",
        "durable off",
        "prefetch 20",
        "instances 3",
        "queueBind off",
        "topicPrefix v03.post",
      ),
    });
    expect(subscribed(flow).subscription).toMatchObject({
      expireMs: 172_800_000,
      messageTtlMs: 3_600_000,
      durable: false,
      prefetch: 60,
      declare: false,
      topicPrefix: ["v03", "post"],
    });
  });

  test("subtopics are taken as they stand, and two exchanges are told", () => {
    const bound = ["broker amqps://u@hub", "exchange x", "subtopic *.#", "subtopic a.b", "sendTo sftp://far", "directory /in"];
    expect(subscribed(flowOf({ "sender/a.conf": bound.join("\n") })).subscription).toMatchObject({
      exchange: "x",
      subtopics: ["*.#", "a.b"],
    });
    const two = imported({ "sender/a.conf": [...bound.slice(0, 3), "exchange y", ...bound.slice(3)].join("\n") });
    expect(said(two, "error")[0]).toContain("sender/a.conf:5: subtopic: its queue gets messages of x and of y");
  });
});

describe("a sender as the second document prints it", () => {
  test("without baseDir and with a broker of no known kind it sends from where messages say, and announces nothing", () => {
    const made = imported({
      "sender/a.conf": [
        "broker amqps://u@hub",
        "exchange xs_up",
        "sendTo sftp://far",
        "inflight .tmp",
        "reject .*.tmp$",
        "accept .*",
        "post_broker far://u@hub",
        "post_baseUrl sftp://u@hub/in",
        "post_baseDir /data/in",
        "post_exchange xs_on",
      ].join("\n"),
    });
    const [flow] = settingsOf(made);
    expect(subscribed(flow!)).toMatchObject({ base: "url", root: "/" });
    expect([filePlaceOf(flow!.destination).directory, flow!.announce]).toEqual(["/data/in", null]);
    expect(said(made, "note").filter((note) => note.includes("post_broker"))).toEqual([
      "sender/a.conf:7: post_broker: far: is none of amqp:, amqps:, mqtt: and mqtts: (amqps: was meant, perhaps), so that sr3 reports it and goes on without; deliveries are not announced",
    ]);
    expect([...flow!.source.propagate]).toEqual(["put", "rename", "link", "mkdir", "delete", "rmdir"]);
  });

  test("a post that leaves its broker to the sender of its name", () => {
    const made = imported({
      "post/queue.conf": "post_baseUrl file:\nnodupe_ttl on\nreject .*.tmp$\naccept .*",
      "sender/queue.conf": "broker amqps://u@hub\nexchange xs_q\nsendTo sftp://far\ninstances 1\naccept .*\npost_baseDir /in",
    });
    const [post] = settingsOf(made);
    expect(post).toMatchObject({ name: "post-queue", source: { kind: "posted", root: "/" } });
    expect(published(post!)).toMatchObject({ broker, exchange: "xs_q", baseUrl: "file:", pathPrefix: "" });
    expect(said(made, "assumed")[0]).toBe(
      "post/queue.conf:1: assumed: it names no post_broker, and sr3 cannot post with it; it is for sender/queue, which has its name and takes from xs_q",
    );
    expect(said(imported({ "post/alone.conf": "post_baseUrl file:" }), "error")).toEqual(["post/alone.conf:1: post needs post_broker"]);
  });
});

describe("what a watch tells", () => {
  const watch = (...more: string[]): TreeText => ({
    "watch/w.conf": ["post_broker amqps://u@hub", "post_exchange x", "path /data/out", ...more].join("\n"),
  });

  test.each<[what: string, lines: string[], baseUrl: string, pathPrefix: string]>([
    ["below its directory", ["post_baseUrl file:/data/out"], "file:/data/out", ""],
    ["from the root", ["post_baseUrl file:/"], "file:/", "data/out"],
    ["below a base of its own", ["post_baseUrl http://web/pub", "post_baseDir /data"], "http://web/pub", "out"],
    ["under an address of another kind", ["post_baseUrl http://web"], "http://web", "data/out"],
  ])("%s", (_what, lines, baseUrl, pathPrefix) => {
    expect(published(flowOf(watch(...lines)))).toMatchObject({ baseUrl, pathPrefix });
  });

  test("its own fields, its digest, its spread and what travels along", () => {
    const flow = flowOf(
      watch(
        "post_baseUrl file:/data/out",
        "header color=red",
        "header note=two words",
        "source lab",
        "post_exchangeSplit 4",
        "identity md5",
        "inline on",
        "inlineByteMax 2k",
        "permCopy off",
        "exchangeDeclare off",
        "post_topicPrefix v03.lab",
        "fileAgeMin 30",
        "vip 10.0.0.1",
      ),
    );
    expect(published(flow)).toMatchObject({
      split: 4,
      source: "lab",
      headers: { color: "red", note: "two words" },
      inlineMaxBytes: 2000,
      declare: false,
      topicPrefix: ["v03", "lab"],
    });
    expect(flow).toMatchObject({
      source: { settle: { kind: "quiet", quietMs: 30_000 } },
      destination: { verify: "md5", preserve: { mode: false, mtime: true } },
      vip: "10.0.0.1",
    });
    expect(flowOf(watch("post_baseUrl file:/data/out", "identity none")).destination.verify).toBe("none");
  });

  test("several paths are a flow each", () => {
    const flows = settingsOf(imported(watch("post_baseUrl file:/", "path /srv", "path /data/out/inside")));
    expect(flows.map((flow) => [flow.name, flow.source.kind === "watched" && flow.source.root, published(flow).pathPrefix])).toEqual([
      ["watch-w", "/data/out", "data/out"],
      ["watch-w_2", "/srv", "srv"],
    ]);
  });

  test.each<[lines: string[], error: string]>([
    [["post_baseUrl file:/${YYYYMMDD}"], "post_baseUrl: file:/${YYYYMMDD} depends on each message"],
    [["post_baseUrl sftp://u:hush@h/x"], "the password in it would be told to all"],
    [["post_baseUrl file:/", "header nothing"], "header: name=value is wanted"],
    [["post_baseUrl file:/", "post_topicPrefix v02.post"], "messages of version 2 are not understood"],
    [["post_baseUrl file:/", "rename /x"], "rename: "],
  ])("%j is an error", (lines, error) => {
    const made = imported(watch(...lines));
    expect(made.yaml).toBeNull();
    expect(said(made, "error").join("\n")).toContain(error);
    expect(JSON.stringify(made.remarks.map(formatRemark))).not.toContain("hush");
  });

  test("the C library's lines look anywhere in the path", () => {
    const { source } = flowOf({
      "cpost/c.conf": "post_broker amqps://u@hub\npost_exchange x\npost_baseUrl file:/\nreject /private/\nreject ^/tmp/\naccept .*",
    });
    expect(["home/private/a", "tmp/a", "home/tmp/a", "home/a"].map((path) => source.reject.some((one) => one.test(path)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe("routes", () => {
  const sender = (...lines: string[]): TreeText => ({
    "sender/s.conf": ["broker amqps://u@hub", "exchange x", "sendTo sftp://far", ...lines].join("\n"),
  });

  test("each accept line takes along what stands above it", () => {
    const flow = flowOf(
      sender(
        "directory /data/results",
        "accept .*\\.nc$",
        "directory /data/logs/${%Y}/${1}",
        "strip 2",
        "accept .*/log/(\\w+)/.*",
        "mirror off",
        "flatten -",
        "strip .*?bob/",
        "directory ${PBD}/rest",
        "post_baseDir /data",
        "accept .*\\.txt$ DESTFN=latest",
        "acceptUnmatched off",
      ),
    );
    expect(filePlaceOf(flow.destination).directory).toBe("/data");
    expect(subscribed(flow).routes.map(({ pattern, ...route }) => ({ ...route, pattern: pattern?.source }))).toMatchObject([
      { into: "results", mirror: true, strip: { kind: "none" }, flatten: null, name: null, pattern: ".*\\.nc$" },
      { into: "logs/${%Y}/${1}", mirror: true, strip: { kind: "count", count: 2 }, pattern: ".*\\/log\\/([\\p{L}\\p{N}_]+)\\/.*" },
      { into: "rest", mirror: false, strip: { kind: "expression" }, flatten: "-", name: "DESTFN=latest" },
    ]);
    expect(subscribed(flow).unmatched).toBeNull();
  });

  test("what no line matches goes by what stands last, unless a line matches everything", () => {
    const last = flowOf(sender("directory /data/a", "accept .*\\.nc$", "directory /data/b", "mirror off"));
    expect(subscribed(last).unmatched).toMatchObject({ into: "b", mirror: false });
    const none = flowOf(sender("directory /data/a", "accept .*", "directory /data/b"));
    expect([filePlaceOf(none.destination).directory, subscribed(none).routes.length]).toEqual(["/data/a", 1]);
    expect(subscribed(flowOf(sender("directory on_far"))).routes).toEqual([]);
    expect(filePlaceOf(flowOf(sender("directory on_far", "accept .*")).destination).directory).toBe("on_far");
  });

  test("dates that are shifted, and groups that are counted from 0", () => {
    const flow = flowOf(
      sender(
        "varTimeOffset -1h",
        "sundew_compat_regex_first_match_is_zero on",
        "directory /d/${YYYYMMDD}/${%H}/${%o-2d%j}/${0}",
        "accept .*/(\\d+)/.*",
        "reject .*",
      ),
    );
    expect(subscribed(flow).routes[0]).toMatchObject({ into: "${YYYYMMDD-3600s}/${%o-3600s%H}/${%o-2d%j}/${1}" });
  });

  test.each<[lines: string[], error: string]>([
    [["directory /a/${2}", "accept .*/(x)", "reject .*"], "directory /a/${2}: ${2}: the pattern has 1 groups"],
    [["directory /a/${1}", "accept .*/(x)"], "directory /a/${1}: files that no line matches would go there as it stands"],
    [["directory /a/${1}", "accept .*"], "${1}: the pattern has 0 groups"],
    [["directory /a", "accept .*x", "directory b", "accept .*y"], "some directories begin at / and some elsewhere"],
    [["directory /a", "accept .* DESTFNSCRIPT=x"], "scripts in Python do not run in hotdir"],
    [["directory /a", "accept (?>a)"], "cannot carry over the group (?>"],
    [["directory /a", "reject .*"], "its accept and reject lines let nothing pass"],
  ])("%j is an error", (lines, error) => {
    const made = imported(sender(...lines));
    expect(made.yaml).toBeNull();
    expect(said(made, "error").join("\n")).toContain(error);
  });

  test("a line below one that matches everything is never asked, and is told", () => {
    expect(said(imported(sender("directory /a", "accept .*", "reject .*secret.*")), "note")).toContain(
      "sender/s.conf:6: reject .*secret.*: never asked, since a line above it matches everything",
    );
  });
});

describe("downloads", () => {
  test("a sarra that mirrors a tree here takes its base off the paths, and announces the copy", () => {
    const made = imported({
      "sarra/copy.conf": [
        "baseDir /data/source",
        "directory /data/copy",
        "exchange xs_copy",
        "retry_ttl 10m",
        "expire 2d",
        "broker amqps://u@hub/",
        "subtopic *.#",
        "mirror True",
        "callback work.age",
        "instances 20",
        "accelThreshold 1M",
        "reject .*\\.lock$",
        "accept .*",
        "post_broker amqps://u@hub/",
        "post_exchange xs_out",
      ].join("\n"),
    });
    const [flow] = settingsOf(made);
    expect(flow!.destination).toMatchObject({ place: { kind: "file", directory: "/data/copy" }, lanesMax: 20 });
    expect(subscribed(flow!)).toMatchObject({ base: "url", subscription: { subtopics: ["*.#"], expireMs: 172_800_000 } });
    const { strip } = subscribed(flow!).routes[1]!;
    expect(strip.kind === "expression" && "data/source/a/b".replace(strip.expression, "")).toBe("a/b");
    expect(flow!.announce).toMatchObject({ exchange: "xs_out", baseUrl: "file:/", pathPrefix: "data/copy" });
    expect(flow!.retry.attemptsMax).toBe(9);
    expect(said(made, "note").filter((note) => /work\.age|accel/.test(note))).toHaveLength(2);
  });

  test("a count and a base together", () => {
    const flow = flowOf({ "sarra/s.conf": "broker amqps://u@hub\nexchange x\nbaseDir /a.b\nstrip 1\ndirectory /d\naccept .*" });
    const { strip } = subscribed(flow).routes[0]!;
    const left = (path: string): string => (strip.kind === "expression" ? path.replace(strip.expression, "") : "");
    expect(["x/a.b/f", "x/aXb/f", "x/f", "f", "a.b/f"].map(left)).toEqual(["f", "aXb/f", "f", "f", "f"]);
  });

  test("a subscribe puts all files into one directory, unless it mirrors", () => {
    const lines = ["broker amqps://u@hub", "exchange x", "directory /d"];
    const flow = flowOf({
      "subscribe/s.conf": [...lines, "accept .*"].join("\n"),
      "credentials.conf": "sftp://far ssh_keyfile=/home/bob/.ssh/k",
    });
    expect(flow).toMatchObject({ name: "subscribe-s", announce: null, source: { ssh: ["ssh", "-i", "/home/bob/.ssh/k"] } });
    expect(subscribed(flow).routes[0]).toMatchObject({ mirror: false });
    expect(subscribed(flowOf({ "subscribe/s.conf": [...lines, "mirror on"].join("\n") })).unmatched).toMatchObject({ mirror: true });
  });

  test("one without a directory, or that does not download, is no flow", () => {
    const lines = ["broker amqps://u@hub", "exchange x", "accept .*"];
    expect(said(imported({ "sarra/s.conf": lines.join("\n") }), "error")).toEqual([
      "sarra/s.conf:1: sarra names no directory, so that sr3 writes below where it was started",
    ]);
    expect(said(imported({ "sarra/s.conf": [...lines, "directory /d"].join("\n") }), "error")).toEqual([
      "sarra/s.conf:4: directory: it stands below the accept lines, so that sr3 writes below where it was started",
    ]);
    expect(said(imported({ "subscribe/s.conf": ["directory /d", ...lines, "download no"].join("\n") }), "error")).toEqual([
      expect.stringContaining("subscribe/s.conf:5: download: "),
    ]);
  });
});

describe("relays", () => {
  const winnow = [
    "broker amqps://u@hub",
    "expire 1d",
    "post_broker amqps://u@hub",
    "post_exchange xs_copy",
    "post_base_url file:/",
    "filename None",
  ];

  test("a winnow waits for the last word about a path, and tells nothing twice", () => {
    const flow = flowOf({
      "winnow/m00.conf": "exchange xs_in00\ninclude m.inc",
      "winnow/m.inc": [
        ...winnow,
        "mdelay 30",
        "flowcb_prepend sarracenia.flowcb.mdelaylatest.MDelayLatest",
        "suppress_duplicates 60s",
      ].join("\n"),
    });
    expect(subscribed(flow)).toMatchObject({
      settle: { kind: "quiet", quietMs: 30_000 },
      duplicatesMs: 60_000,
      subscription: { exchange: "xs_in00" },
    });
    expect([...flow.source.propagate]).toEqual(["put", "rename", "link", "mkdir", "delete", "rmdir"]);
    expect(published(flow)).toMatchObject({ exchange: "xs_copy", baseUrl: "file:/" });
  });

  test("what sr3 does nothing with does nothing, and is told", () => {
    const made = imported({ "winnow/m.conf": [...winnow, "exchange x", "mdelay 30"].join("\n") });
    expect(subscribed(settingsOf(made)[0]!)).toMatchObject({ settle: { kind: "quiet", quietMs: 0 }, duplicatesMs: 0 });
    expect(said(made, "note").filter((note) => /mdelay|nodupe/.test(note))).toEqual([
      "winnow/m.conf:1: nodupe_ttl: without it sr3's winnow passes everything on, and so does this",
      "winnow/m.conf:8: mdelay: it does nothing in sr3 without its plugin (callback mdelaylatest), and so it does here",
    ]);
  });

  test("a shovel passes on what it accepts, with its base URL", () => {
    const flow = flowOf(
      { "shovel/s.conf": "broker amqps://u@hub\nexchange a\naccept .*\\.nc$\nreject .*\npost_broker amqps://u@hub2\npost_exchange b" },
      "shovel-s",
    );
    expect(published(flow)).toMatchObject({ exchange: "b", baseUrl: null, broker: { url: "amqps://u@hub2/" } });
    expect(subscribed(flow).routes.map(({ accepts }) => accepts)).toEqual([true, false]);
  });

  test("one that passes nothing on is left out", () => {
    const made = imported({ "shovel/tally.conf": "broker amqps://u@hub\nexchange a\ncallback tally_volume" });
    expect(made.alone).toEqual([
      {
        name: { component: "shovel", name: "tally" },
        why: "it names no post_broker, so that it passes nothing on; its plugins do not run in hotdir: tally_volume (hotdir status counts files and bytes)",
      },
    ]);
    expect([made.yaml, said(made, "error")]).toEqual([null, []]);
  });
});

test("what is not carried over is named: polls, flows of plugins, and every line without a part", () => {
  const made = imported({
    "poll/p.conf": "post_broker amqps://u@hub\npollUrl sftp://far",
    "flow/f.conf": "broker amqps://u@hub\ncallback mine.Own",
    "sender/s.conf":
      "broker amqps://u@hub\nexchange x\nsendTo sftp://far\ndirectory /d\nbatch 50\ntimeout 10\npersistent off\nlogStdout on\ncallback mine.Own\npath /x\nqueueDeclere off",
  });
  expect(made.alone.map(({ name, why }) => `${name.component}/${name.name}: ${why}`)).toEqual([
    "poll/p: polls are not imported: hotdir looks at directories of this machine, and listens to messages",
  ]);
  expect(said(made, "error")).toEqual([
    expect.stringContaining("flow/f.conf:1: a flow of one's own is what its plugins make of it"),
    'sender/s.conf:11: "queueDeclere" is no option of sr3; did you mean "queueDeclare"?',
  ]);
  expect(
    said(made, "note")
      .filter((note) => note.startsWith("sender"))
      .map((note) => note.split(": ").slice(0, 2).join(": ")),
  ).toEqual([
    "sender/s.conf:5: batch",
    "sender/s.conf:6: timeout",
    "sender/s.conf:7: persistent",
    "sender/s.conf:8: logStdout",
    "sender/s.conf:9: callback mine.Own",
    "sender/s.conf:10: path",
  ]);
});

test("no password is shown, wherever it stands", () => {
  const made = imported({
    "credentials.conf": "amqps://u:hush1@hub",
    "watch/w.conf": "post_broker amqps://u:hush@2@hub\npost_exchange x\npost_baseUrl file:/d\npath /d",
    "sender/s.conf": "broker amqps://u:hush3@hub\nexchange x\nsendTo sftp://bob:hush4@far\ndirectory /d\npost_broker hub://u:hush5@hub",
    "shovel/t.conf": "broker amqps://u:hush6@hub\nexchange x",
  });
  const shown = [made.yaml ?? "", ...made.remarks.map(formatRemark), ...made.alone.map(({ why }) => why)].join("\n");
  expect(shown).toContain("broker: amqps://u@hub/");
  expect(shown).not.toContain("hush");
});
