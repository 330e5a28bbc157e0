import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf } from "../../kernel/path.ts";
import { quotePath, quoteText } from "./shell-quote.ts";
import { splitWords } from "./shell-words.ts";

test.each<[string, string[]]>([
  ["a  b\tc\n", ["a", "b", "c"]],
  [`ssh j@h "mkdir -p '/x y'"`, ["ssh", "j@h", "mkdir -p '/x y'"]],
  [String.raw`a\ b "c\"d\e" 'f\'`, ["a b", String.raw`c"d\e`, "f\\"]],
  [`'' "" a''b`, ["", "", "ab"]],
  ["", []],
])("a line is taken apart as Python's shlex does: %j", (line, words) => {
  expect(splitWords(line)).toEqual({ kind: "words", words });
});

test.each([
  ["a 'b", "'", 2],
  ['"a\\"', '"', 0],
  ["a \\", "\\", 2],
])("what has no end is told with its place: %j", (line, character, at) => {
  expect(splitWords(line)).toEqual({ kind: "unbalanced", character, at });
});

test("what is quoted is one word again, to us and to a shell, whatever bytes it has", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
      (text) => {
        expect(splitWords(quoteText(text))).toEqual({ kind: "words", words: [text] });
      },
    ),
  );
  const path = fc.uint8Array({ min: 1, maxLength: 60 }).map((bytes) => bytesOf(bytes));
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 40 }), (paths) => {
      const said = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${paths.map(quotePath).join(" ")}`]);
      expect(bytesOf(said)).toBe(`${paths.join("\0")}\0`);
    }),
    { numRuns: 60 },
  );
});
