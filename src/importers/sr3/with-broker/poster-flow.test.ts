import { describe, expect, test } from "vitest";
import { flowOf, imported, published, said, settingsOf } from "../../../../test/support/sr3-import.ts";
import type { TreeText } from "../../../../test/support/sr3-tree.ts";
import { formatRemark } from "../../remark.ts";

describe("what a watch tells", () => {
  const watch = (...more: string[]): TreeText => ({
    "watch/w.conf": ["post_broker amqps://u@hub", "post_exchange x", "path /data/out", ...more].join("\n"),
  });

  test.each<[what: string, lines: string[], baseUrl: string, pathPrefix: string]>([
    ["below its directory", ["post_baseUrl file:/data/out"], "file:/data/out", ""],
    ["from the root", ["post_baseUrl file:/"], "file:/", "data/out"],
    ["below a base of its own", ["post_baseUrl http://web/pub", "post_baseDir /data"], "http://web/pub", "out"],
    ["below the base that others read from", ["post_baseUrl http://web", "baseDir /data"], "http://web", "out"],
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
    [["post_baseUrl file:/", "accept nc$", "acceptUnmatched off"], "its accept and reject lines let nothing pass"],
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
