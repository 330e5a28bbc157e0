import { describe, expect, test } from "vitest";
import { flowOf, imported, published, said, settingsOf, subscribed } from "../../../../test/support/sr3-import.ts";

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

  test("one that only removes what arrived elsewhere removes it by its digest, and not before its plugins could see it", () => {
    const lines = ["broker amqps://u@hub", "exchange x", "baseDir ${HOME}/to_far", "delete_source on", "download no", "subtopic raw.#"];
    const delay = ["fdelay 30", "callback filter.fdelay", "callback sarracenia.flowcb.accept.tolocalfile.ToLocalFile"];
    const flow = flowOf({ "subscribe/clean.conf": [...lines, ...delay, "accept .*"].join("\n") });
    expect(flow.destination.place).toEqual({ kind: "remove", directory: "/home/bob/to_far", hold: null });
    expect(subscribed(flow)).toMatchObject({ settle: { kind: "quiet", quietMs: 30_000 }, subscription: { subtopics: ["raw.#"] } });
    expect(said(imported({ "subscribe/clean.conf": [...lines, "callback every_one"].join("\n") }), "error")).toEqual([
      "subscribe/clean.conf:7: callback every_one: what it did with each file before it was removed is not done here, so that nothing may be removed",
    ]);
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
    expect(flow.source).toMatchObject({ accept: [/.*\.nc$/u], reject: [], match: "url" });
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
