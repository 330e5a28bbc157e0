import { describe, expect, test } from "vitest";
import { flowOf, imported, said, subscribed } from "../../../../test/support/sr3-import.ts";
import type { TreeText } from "../../../../test/support/sr3-tree.ts";
import { filePlaceOf } from "../../../flow/file-place.ts";

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
    expect([filePlaceOf(none.destination).directory, subscribed(none).routes.length]).toEqual(["/data/a", 0]);
    expect(subscribed(flowOf(sender("directory on_far"))).routes).toEqual([]);
    expect(filePlaceOf(flowOf(sender("directory on_far", "accept .*")).destination).directory).toBe("on_far");
  });

  test("lines that all put files in one place are accept and reject, in whatever order where files are removed", () => {
    const plain = flowOf(sender("directory /a", "reject .*\\.tmp$", "accept .*\\.nc$", "reject .*"));
    expect(plain.source).toMatchObject({ accept: [/.*\.nc$/u], reject: [/.*\.tmp$/u], routes: [], match: "url" });
    const lines = ["directory /a", "baseDir /up", "accept .*/keep/.*", "reject .*\\.tmp$", "accept .*"];
    expect(subscribed(flowOf(sender(...lines))).routes.map(({ accepts }) => accepts)).toEqual([true, false, true]);
    const removing = flowOf(sender(...lines, "delete_source on"));
    expect(removing.retain).toMatchObject({ kind: "delete", afterMs: 0 });
    const rejected = (url: string): boolean => removing.source.reject.some((one) => new RegExp(one.source, "uy").test(url));
    expect(["file:/up/keep/a.tmp", "file:/up/a.tmp", "file:/up/a"].map(rejected)).toEqual([false, true, false]);
  });

  test.each<[lines: string[], error: string]>([
    [["directory /a", "accept .*"], "delete_source: without baseDir a message could name any file of this user"],
    [["baseDir /up", "strip 1", "directory /a", "accept .*"], "delete_source: files have another place at the destination than here"],
  ])("where files are removed, %j is an error", (lines, error) => {
    expect(said(imported(sender(...lines, "delete_source on")), "error").join("\n")).toContain(error);
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
