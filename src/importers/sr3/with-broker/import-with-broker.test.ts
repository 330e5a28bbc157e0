import { describe, expect, test } from "vitest";
import { flowOf, imported, published, said, settingsOf, subscribed } from "../../../../test/support/sr3-import.ts";
import { treeOf, type TreeText } from "../../../../test/support/sr3-tree.ts";
import { filePlaceOf } from "../../../flow/file-place.ts";
import { formatRemark } from "../../remark.ts";
import { importTree } from "../import-tree.ts";

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
    expect(flow.source).toMatchObject({ accept: [], reject: [/.*.tmp$/u], routes: [] });
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
