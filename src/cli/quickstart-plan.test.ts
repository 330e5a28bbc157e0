import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDestinationUrl } from "../config/destination-url.ts";
import type { AbsPath } from "../kernel/path.ts";
import { makeTemporary } from "../../test/support/temporary.ts";
import { destinationUrl, freeDirectory } from "./quickstart-plan.ts";

const url = (typed: string): string => destinationUrl(typed, "/work dir" as AbsPath);

test("DEST is read as scp reads it, and every URL that comes of it is a good one", () => {
  const cases = {
    "me@cluster:inbox": "sftp://me@cluster/~/inbox",
    "cluster:": "sftp://cluster/~/",
    "cluster:~/in": "sftp://cluster/~/in",
    "cluster:/data/in": "sftp://cluster/data/in",
    "me@[::1]:in": "sftp://me@[::1]/~/in",
    "sftp://cluster/~/in": "sftp://cluster/~/in",
    "file:/mnt/in": "file:/mnt/in",
    "/mnt/a b?": "file:/mnt/a%20b%3F",
    "here/ö": "file:/work%20dir/here/%C3%B6",
    "cluster:a#b ü": "sftp://cluster/~/a%23b%20%C3%BC",
  };
  for (const [typed, expected] of Object.entries(cases)) {
    expect(url(typed)).toBe(expected);
    expect(parseDestinationUrl(expected), expected).toMatchObject({ ok: true });
  }
});

test("a directory that holds something is never taken for the hot one", async () => {
  await using place = await makeTemporary();
  const home = place.path as AbsPath;
  expect(freeDirectory(home, "hotdir")).toBe(`${home}/hotdir`);
  mkdirSync(`${home}/hotdir`);
  expect(freeDirectory(home, "hotdir")).toBe(`${home}/hotdir`);
  writeFileSync(`${home}/hotdir/a`, "");
  writeFileSync(`${home}/hotdir-2`, "");
  expect(freeDirectory(home, "hotdir")).toBe(`${home}/hotdir-3`);
});
