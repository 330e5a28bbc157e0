import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { both, type Mask, selectBy, type Selection, writeTerms } from "./masks.ts";
import { subtopicExpression } from "./topic.ts";

const prefix = "file:/d/";
const at = (line: number) => ({ file: "sender/a.conf", line });

function masksOf(...lines: string[]): Mask[] {
  return lines.map((line, index) => ({ accepts: line.startsWith("accept"), pattern: line.split(" ")[1]!, at: at(index + 1) }));
}

function written(selection: Selection): { accept: string[] | null; reject: string[] } {
  const text = (terms: Selection["reject"]): string[] => writeTerms(terms).map(({ expression }) => expression);
  return { accept: selection.accept === null ? null : text(selection.accept), reject: text(selection.reject) };
}

describe("accept and reject lines become accept and reject lists", () => {
  test.each<[name: string, lines: string[], unmatched: boolean, list: { accept: string[] | null; reject: string[] }]>([
    ["the seeds' habit", ["reject .*.tmp$", "accept .*"], true, { accept: null, reject: [".tmp$", "^tmp$"] }],
    ["only one kind", [String.raw`accept .*\.nc$`, "reject .*"], true, { accept: [String.raw`\.nc$`], reject: [] }],
    ["unmatched is left out", [String.raw`accept .*\.nc$`], false, { accept: [String.raw`\.nc$`], reject: [] }],
    [
      "an exception above",
      ["accept .*/keep/.*", String.raw`reject .*\.x$`],
      true,
      { accept: null, reject: [String.raw`^(?!.*/keep/|keep/).*\.x$`] },
    ],
  ])("%s", (_name, lines, unmatched, list) => {
    expect(written(selectBy(masksOf(...lines), unmatched, prefix).selection)).toEqual(list);
  });

  test("what can never count is told", () => {
    const { notes } = selectBy(masksOf("accept nc$", "accept .*", "reject .*tmp$"), true, prefix);
    expect(notes.map(({ at: where, message }) => `${where?.line} ${message}`)).toEqual([
      "1 accept nc$: matches nothing below file:/d/: sr3 matches from the very start of that",
      "3 reject .*tmp$: never asked, since accept .* above it matches everything",
    ]);
    expect(selectBy(masksOf(String.raw`accept .*\.nc$`), true, prefix).notes[0]?.message).toContain("acceptUnmatched is on");
    expect(selectBy(masksOf(String.raw`accept (.)\1`), true, prefix).faults[0]?.message).toContain("a back reference");
  });
});

const line = fc
  .tuple(fc.constantFrom("accept", "reject"), fc.constantFrom(".*", ".*a.*", ".*b$", ".*/c", "file:/d/a.*", ".*d/b", "x", ".*[ab]c"))
  .map(([verb, pattern]) => `${verb} ${pattern}`);
const lists = fc.array(line, { maxLength: 5 });
const path = fc.string({ unit: fc.constantFrom("a", "b", "c", "/"), minLength: 1, maxLength: 5 });

/** As sr3 decides. */
function accepted(lines: string[], unmatched: boolean, text: string): boolean {
  const deciding = masksOf(...lines).find(({ pattern }) => new RegExp(`^(?:${pattern})`, "u").test(prefix + text));
  return deciding?.accepts ?? unmatched;
}

/** As a flow decides. */
function sent(selection: Selection, text: string): boolean {
  const { accept, reject } = written(selection);
  const matches = (one: string): boolean => new RegExp(one, "u").test(text);
  return !reject.some(matches) && (accept === null || accept.some(matches));
}

test("two sides' lines together send exactly what sr3 would", () => {
  fc.assert(
    fc.property(lists, fc.boolean(), lists, fc.boolean(), path, (first, firstRest, second, secondRest, text) => {
      const selection = both(
        selectBy(masksOf(...first), firstRest, prefix).selection,
        selectBy(masksOf(...second), secondRest, prefix).selection,
      );
      expect(sent(selection, text)).toBe(accepted(first, firstRest, text) && accepted(second, secondRest, text));
    }),
    { numRuns: 3000 },
  );
});

test("a subtopic binds the keys that a topic exchange would give it", () => {
  const word = fc.constantFrom("a", "b", "*", "#");
  const segment = fc.constantFrom("a", "b", "a.b", "c");
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.array(segment, { maxLength: 4 }), (words, directories) => {
      const key = directories.flatMap((directory) => directory.split("."));
      const expression = subtopicExpression(words.join("."));
      const selected = expression === null || new RegExp(`^(?:${expression})`, "u").test([...directories, "name.txt"].join("/"));
      expect(selected, `${words.join(".")} on ${directories.join("/")}: ${expression}`).toBe(binds(words, key));
    }),
    { numRuns: 3000 },
  );
});

function binds(words: string[], key: string[]): boolean {
  const [word, ...rest] = words;
  if (word === undefined) return key.length === 0;
  if (word === "#") return binds(rest, key) || (key.length > 0 && binds(words, key.slice(1)));
  return key.length > 0 && (word === "*" || word === key[0]) && binds(rest, key.slice(1));
}
