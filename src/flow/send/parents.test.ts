import { mkdirSync, rmdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { type Bytes, bytesOfText } from "../../kernel/path.ts";
import { openLocalFiles } from "./local/files.ts";
import { Parents } from "./parents.ts";

test("a whole way is made at once, and asked for only once", async () => {
  await using temporary = await makeTemporary();
  await using files = openLocalFiles();
  const parents = new Parents();
  const file = bytesOfText(join(temporary.path, "a/b/c/file"));
  const first = parents.ensure(files, file);
  expect(parents.ensure(files, file)).toBe(first);
  await first;
  expect(statSync(join(temporary.path, "a/b/c")).isDirectory()).toBe(true);
});

test("a directory that somebody took away is made again where it is missed", async () => {
  await using temporary = await makeTemporary();
  await using files = openLocalFiles();
  const parents = new Parents();
  const file = bytesOfText(join(temporary.path, "a/file"));
  await parents.ensure(files, file);
  rmdirSync(join(temporary.path, "a"));
  await parents.within(files, file, async () => (await files.create(file, { mode: 0o644, exclusive: false })).close());
  expect(statSync(join(temporary.path, "a/file")).size).toBe(0);
});

test("the root may be a symlink to a directory, what is below it may not", async () => {
  await using temporary = await makeTemporary();
  await using files = openLocalFiles();
  mkdirSync(join(temporary.path, "real"));
  mkdirSync(join(temporary.path, "outside"));
  symlinkSync("real", join(temporary.path, "root"));
  symlinkSync("../outside", join(temporary.path, "real/inner"));
  const root = bytesOfText(join(temporary.path, "root"));
  const parents = new Parents([root]);
  await parents.ensureDirectory(files, root);
  await parents.ensure(files, `${root}/a/file` as Bytes);
  expect(statSync(join(temporary.path, "real/a")).isDirectory()).toBe(true);
  await expect(parents.ensure(files, `${root}/inner/file` as Bytes)).rejects.toMatchObject({ code: "wrong-type" });
});

test("a failure is not remembered", async () => {
  await using temporary = await makeTemporary();
  await using files = openLocalFiles();
  symlinkSync("nowhere", join(temporary.path, "a"));
  const parents = new Parents();
  const directory = bytesOfText(join(temporary.path, "a"));
  await expect(parents.ensureDirectory(files, directory)).rejects.toMatchObject({ code: "wrong-type" });
  await files.remove(directory);
  await parents.ensureDirectory(files, directory);
  expect(statSync(join(temporary.path, "a")).isDirectory()).toBe(true);
});
