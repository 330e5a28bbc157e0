import { basename } from "node:path";
import { expect, test } from "vitest";
import { filesOf, sourcesOf, textOf } from "./sources.ts";

const linesMax = (file: string): number => (file.startsWith("test/") || file.endsWith(".test.ts") ? 500 : 300);

test("no file is longer than one idea", () => {
  const long = sourcesOf("src", "scripts", "test")
    .map((file) => ({ file, lines: textOf(file).split("\n").length - 1 }))
    .filter(({ file, lines }) => lines > linesMax(file));
  expect(long).toEqual([]);
});

test("file names are kebab-case nouns, and none is a drawer for odds and ends", () => {
  const named = sourcesOf("src", "scripts", "test").map((file) => ({ file, stem: basename(file).replace(/(\.test)?\.ts$/, "") }));
  expect(named.filter(({ stem }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem))).toEqual([]);
  expect(named.filter(({ stem }) => /^(utils?|helpers?|misc|common|shared|lib|stuff)$/.test(stem))).toEqual([]);
});

test("nothing is left to do, and no test is switched off", () => {
  const marks = /\b(?:TODO|FIXME|XXX)\b/;
  const marked = [...sourcesOf("src", "scripts", "test"), ...filesOf("bin")]
    .filter((file) => !file.startsWith("test/house/"))
    .filter((file) => marks.test(textOf(file)));
  expect(marked).toEqual([]);
  const switchedOff = /\b(?:test|it|describe)\.(?:skip|only|todo|skipIf|runIf|fails)\b|@ts-(?:ignore|nocheck)|\.skip\(/;
  expect(sourcesOf("src", "test").filter((file) => !file.startsWith("test/house/") && switchedOff.test(textOf(file)))).toEqual([]);
});

test("no command is ever given to a shell as text", () => {
  const shell = /\bshell:\s*(?:true|["'`])|\bexecSync\(|\bspawn(?:Sync)?\(\s*["'`](?:\/bin\/)?(?:ba|da)?sh["'`]/;
  const wrong = sourcesOf("src").filter((file) => shell.test(textOf(file)));
  expect(wrong).toEqual([]);
});
