import { existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type AbsPath, type Bytes, bytesOfText, fsPath, type RelPath } from "../../kernel/path.ts";
import { removeEmptyDirectories } from "./empty-directories.ts";

async function sweep(
  root: string,
  options: { olderThanMs?: number; stopped?: () => boolean; emptied?: (path: RelPath) => boolean } = {},
): Promise<RelPath[]> {
  const told: RelPath[] = [];
  await removeEmptyDirectories(bytesOfText(root) as AbsPath, {
    olderThanMs: options.olderThanMs ?? 0,
    now: Date.now() + 60_000,
    stopped: options.stopped ?? (() => false),
    emptied: options.emptied ?? (() => true),
    before: (path) => told.push(path),
  });
  return told;
}

test("empty directories go from the leaves up, the root and what holds a file stay", async () => {
  await using temporary = await makeTemporary();
  mkdirSync(join(temporary.path, "a/b/c"), { recursive: true });
  mkdirSync(join(temporary.path, "d/e"), { recursive: true });
  writeFileSync(join(temporary.path, "d/file"), "x");
  expect((await sweep(temporary.path)).sort()).toEqual(["a", "a/b", "a/b/c", "d/e"]);
  expect([existsSync(join(temporary.path, "a")), existsSync(join(temporary.path, "d/file"))]).toEqual([false, true]);
});

test("a young one stays for its time", async () => {
  await using temporary = await makeTemporary();
  mkdirSync(join(temporary.path, "old"));
  mkdirSync(join(temporary.path, "young"));
  utimesSync(join(temporary.path, "old"), 1000, 1000);
  expect(await sweep(temporary.path, { olderThanMs: 120_000 })).toEqual(["old"]);
});

test("one that was empty without us stays, and so does what it stands in", async () => {
  await using temporary = await makeTemporary();
  for (const path of ["ours/deep", "mixed/ours", "mixed/theirs"]) mkdirSync(join(temporary.path, path), { recursive: true });
  expect((await sweep(temporary.path, { emptied: (path) => !path.endsWith("theirs") })).sort()).toEqual([
    "mixed/ours",
    "ours",
    "ours/deep",
  ]);
  expect([existsSync(join(temporary.path, "mixed/theirs")), existsSync(join(temporary.path, "ours"))]).toEqual([true, false]);
});

test("names that are not text are removed as well, and no symlink is followed or removed", async () => {
  await using temporary = await makeTemporary();
  await using elsewhere = await makeTemporary();
  mkdirSync(join(elsewhere.path, "empty"));
  symlinkSync(elsewhere.path, join(temporary.path, "link"));
  const strange = "not-utf8-\xff\xfe\n" as RelPath;
  mkdirSync(fsPath(`${temporary.path}/${strange}/inner` as Bytes), { recursive: true });
  expect(await sweep(temporary.path)).toEqual([`${strange}/inner`, strange]);
  expect([existsSync(join(elsewhere.path, "empty")), existsSync(join(temporary.path, "link"))]).toEqual([true, true]);
});

test("it stops when it is told to, and a root that is gone is no failure", async () => {
  await using temporary = await makeTemporary();
  mkdirSync(join(temporary.path, "a"));
  expect(await sweep(temporary.path, { stopped: () => true })).toEqual([]);
  expect(await sweep(join(temporary.path, "gone"))).toEqual([]);
});
