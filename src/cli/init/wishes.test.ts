import { expect, test } from "vitest";
import type { AbsPath } from "../../kernel/path.ts";
import { proposedName, readBandwidth, readDestination, readDirectory, readFlowName, readLanes, readRetain } from "./wishes.ts";

const base = { cwd: "/base" as AbsPath, home: "/home/u" as AbsPath };

test.each([
  ["~/runs", "~/runs"],
  ["/home/u/a b/", "~/a b"],
  ["runs/../x", "/base/x"],
  ["/data", "/data"],
])("the directory %s is written as %s", (typed, written) => {
  expect(readDirectory(typed, base)).toEqual({ ok: true, value: written });
});

test.each(["", "~", "/home/u/", "a\0b"])("%j is no directory to watch", (typed) => {
  expect(readDirectory(typed, base).ok).toBe(false);
});

test.each([
  ["cluster:inbox", "sftp://cluster/~/inbox"],
  ["me@cluster:/data/in", "sftp://me@cluster/data/in"],
  ["~/there", "file:/home/u/there"],
  ["sftp://h:23/x", "sftp://h:23/x"],
])("the destination %s is %s", (typed, url) => {
  expect(readDestination(typed, base)).toEqual({ ok: true, value: url });
});

test("files stay, go after a time, or are moved", () => {
  expect(readRetain("keep", base)).toEqual({ ok: true, value: "keep" });
  expect(readRetain("7d", base)).toEqual({ ok: true, value: "{delete_after: 7d}" });
  expect(readRetain("~/sent", base)).toEqual({ ok: true, value: "{hold: ~/sent}" });
  expect(readRetain("/a, b}", base)).toEqual({ ok: true, value: '{hold: "/a, b}"}' });
  expect(readRetain("7 days", base)).toMatchObject({ ok: false, suggestion: "7d" });
  expect(readRetain("delete", base).ok).toBe(false);
});

test("a name is proposed from the host, or the directory, and is free", () => {
  expect(proposedName("sftp://me@login.cluster.org/~/in", [])).toBe("to_login");
  expect(proposedName("file:/mnt/archive/", ["to_archive"])).toBe("to_archive_2");
  expect(proposedName("file:/mnt/%C3%A9", [])).toBe("to_C3_A9");
  expect(readFlowName("a b", [])).toMatchObject({ ok: false, suggestion: "a_b" });
  expect(readFlowName("a", ["a"])).toMatchObject({ ok: false, suggestion: "a_2" });
  expect(readFlowName("a", ["b"])).toEqual({ ok: true, value: "a" });
});

test("numbers and rates are as in the configuration", () => {
  expect([readLanes("3"), readLanes("0"), readLanes("many").ok]).toEqual([
    { ok: true, value: 3 },
    expect.objectContaining({ ok: false }),
    false,
  ]);
  expect(readBandwidth("20MB/s")).toEqual({ ok: true, value: "20MB/s" });
  expect(readBandwidth("20Mb")).toMatchObject({ ok: false });
});
