import { readdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { isThere, writeManifest } from "./manifest-file.ts";

test("a manifest is written whole, again without harm, into directories that were not there", async () => {
  await using temporary = await makeTemporary();
  const file = `${temporary.path}/a/b c/manifest` as AbsPath;
  for (let time = 0; time < 2; time++) {
    writeManifest(file, [Buffer.from("one "), Buffer.from("two")]);
    expect(readFileSync(file, "utf8")).toBe("one two");
    expect(readdirSync(`${temporary.path}/a/b c`)).toEqual(["manifest"]);
  }
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect([isThere(file, 7), isThere(file, 6), isThere(`${file}x` as AbsPath, 7)]).toEqual([true, false, false]);
});

test("a name as long as the file system takes can be written", async () => {
  await using temporary = await makeTemporary();
  const file = `${temporary.path}/${"n".repeat(255)}` as AbsPath;
  writeManifest(file, [Buffer.from("x")]);
  expect(readFileSync(file, "utf8")).toBe("x");
});

test("where it cannot be written the old one stays, and its parts are no part of it", async () => {
  await using temporary = await makeTemporary();
  const file = `${temporary.path}/manifest` as AbsPath;
  writeManifest(file, [Buffer.from("old")]);
  const failing = function* (): Generator<Buffer> {
    yield Buffer.from("new");
    throw new Error("the ledger cannot be read");
  };
  expect(() => writeManifest(file, failing())).toThrow("cannot be read");
  expect(readFileSync(file, "utf8")).toBe("old");
  expect(() => writeManifest(`${temporary.path}/manifest/below` as AbsPath, [])).toThrow(/ENOTDIR|EEXIST/);
});
