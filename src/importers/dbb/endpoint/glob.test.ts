import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../../test/support/temporary.ts";
import type { AbsPath } from "../../../kernel/path.ts";
import { expandGlob } from "./glob.ts";

test("patterns find what Python's do, names that are no UTF-8 among them, and a plain name stays itself", async () => {
  await using place = await makeTemporary();
  const root = place.path as AbsPath;
  for (const directory of ["2020-12-31/x", "2021-01-01", ".hidden"]) mkdirSync(`${root}/${directory}`, { recursive: true });
  for (const name of ["2020-12-31/a.fits", "2020-12-31/b.txt", "2020-12-31/[c].fits", "2021-01-01/a+b.fits"])
    writeFileSync(`${root}/${name}`, "");
  writeFileSync(Buffer.from(`${root}/2021-01-01/\u00ff.fits`, "latin1"), "");
  const found = (pattern: string): string[] => expandGlob(root, pattern).map((path) => path.slice(root.length + 1));
  expect(found("202[0-1]-*")).toEqual(["2020-12-31", "2021-01-01"]);
  expect(found("*/*.fits")).toEqual(["2020-12-31/[c].fits", "2020-12-31/a.fits", "2021-01-01/a+b.fits", "2021-01-01/\u00ff.fits"]);
  expect(found("2020-12-31/[!b]*.fits")).toEqual(["2020-12-31/[c].fits", "2020-12-31/a.fits"]);
  expect(found("2020-12-31/[[]c].fits")).toEqual(["2020-12-31/[c].fits"]);
  expect(found("2021-01-0?/a+b.fits")).toEqual(["2021-01-01/a+b.fits"]);
  expect(found(".h*")).toEqual([".hidden"]);
  expect(found("not/there")).toEqual(["not/there"]);
  expect(found("not/there*")).toEqual([]);
  expect(["[z-a]*", "[", "[!"].map(found)).toEqual([[], [], []]);
});
