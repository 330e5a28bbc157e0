import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterPrefix, trimmed } from "./derive.ts";
import { toJavaScript } from "./javascript.ts";
import { parseExpression } from "./parse.ts";
import { writeExpressions } from "./write.ts";

/** What is left below the prefix. */
function below(pattern: string, prefix: string): string[] {
  const parsed = parseExpression(pattern);
  if (parsed.kind !== "tree") throw new Error(parsed.message);
  const rest = afterPrefix(parsed.tree, prefix);
  if (rest === null) throw new Error("no short form");
  const short = trimmed(rest);
  return short.kind === "never" ? [] : writeExpressions(short);
}

describe("below file:/home/bob/to_hpfx/", () => {
  test.each<[pattern: string, left: string[]]>([
    [String.raw`.*\.tmp$`, [String.raw`\.tmp$`]],
    // The dot is any character, also the slash before the name.
    [".*.tmp$", [".tmp$", "^tmp$"]],
    [".*", ["^"]],
    [".*/keep/.*", ["/keep/", "^keep/"]],
    [
      String.raw`.*/to_hpfx/run\d+/.*\.nc$`,
      [String.raw`/to_hpfx/run\d+/.*\.nc$`, String.raw`^to_hpfx/run\d+/.*\.nc$`, String.raw`^run\d+/.*\.nc$`],
    ],
    // It is matched from the start, which is file:
    ["nc$", []],
    ["^.*/a$", ["/a$", "^a$"]],
    ["(?!.*secret).*", ["^(?!.*secret)"]],
    ["(?i).*[.x]TMP$", ["(?i:[.x])[tT][mM][pP]$"]],
    [".*to_hpfx/(a|b)/(?P<name>c)?", ["to_hpfx/(?:a|b)/", "^(?:a|b)/"]],
    ["file:/home/bob.*", ["^"]],
    ["sftp://.*", []],
  ])("%s", (pattern, left) => {
    expect(below(pattern, "file:/home/bob/to_hpfx/")).toEqual(left);
  });
});

test("what is no expression, and what cannot be carried over, is told apart", () => {
  for (const wrong of ["[", "(a", "*a", "a**", "a)", "[b-a]", String.raw`\q`, "(?#", "a{3,2}"])
    expect(parseExpression(wrong), wrong).toMatchObject({ kind: "wrong" });
  for (const foreign of [String.raw`(a)\1`, String.raw`\bx`, "(?<=a)b", "(?>a)", "a*+", "(?x) a"])
    expect(parseExpression(foreign), foreign).toMatchObject({ kind: "foreign" });
});

test("an expression of too many ways is given up, and not for ever", () => {
  const parsed = parseExpression("(((.*a.*)*b.*)*c.*){30}x");
  expect(parsed.kind).toBe("tree");
  const left = parsed.kind === "tree" ? afterPrefix(parsed.tree, "file:/aaabbbccc/abcabcabcabcabcabcabc/") : undefined;
  expect(left === null || left?.kind === "choice").toBe(true);
});

test("Python's own syntax becomes JavaScript's", () => {
  expect(below(String.raw`.*[]a]\-\w{,3}$`, "/")).toEqual(
    [String.raw`[\]a]-[\p{L}\p{N}_]{0,3}$`, String.raw`^[\]a]-[\p{L}\p{N}_]{0,3}$`].slice(0, 1),
  );
  expect(below(".*{a}$", "")).toEqual([String.raw`\{a\}$`]);
});

const letter = fc.constantFrom("a", "b", "/", String.raw`\.`, ".", "[ab]", "[^/]");
const pattern: fc.Arbitrary<string> = fc.letrec<{ tree: string; plain: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    letter,
    fc.tuple(tie("tree"), tie("tree")).map(([left, right]) => `${left}${right}`),
    fc.tuple(tie("tree"), tie("tree")).map(([left, right]) => `(?:${left}|${right})`),
    fc.tuple(tie("plain"), fc.constantFrom("*", "+", "?", "{2}", "{1,2}")).map(([of, times]) => `(?:${of})${times}`),
    fc.tuple(fc.constantFrom("=", "!"), tie("tree")).map(([how, of]) => `(?${how}${of})`),
    fc.constantFrom("$", "^"),
  ),
  plain: fc.oneof(
    { maxDepth: 2 },
    letter,
    fc.tuple(letter, letter).map(([left, right]) => left + right),
    fc.constant("a|b"),
    fc.constant("a?"),
  ),
})).tree;
const text = fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 6 });

test("what is left matches the rest exactly where the pattern matches the whole", () => {
  let matched = 0;
  let missed = 0;
  fc.assert(
    fc.property(pattern, text, text, (source, prefix, rest) => {
      const whole = new RegExp(`^(?:${source})`, "u").test(prefix + rest);
      const left = below(source, prefix).some((one) => new RegExp(one, "u").test(rest));
      if (whole) matched++;
      else missed++;
      expect(left, `${source} on ${prefix}|${rest}: ${below(source, prefix).join(" , ")}`).toBe(whole);
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(matched, missed)).toBeGreaterThan(300);
});

describe("as it stands, for the same text", () => {
  test.each<[python: string, written: string, groups: number]>([
    [".*.tmp$", ".*.tmp$", 0],
    [String.raw`.*/(\w+)/([^/]*)\.nc`, String.raw`.*/([\p{L}\p{N}_]+)/([^/]*)\.nc`, 2],
    [String.raw`(?P<day>\d{8})-(?:a|b)\Z`, String.raw`(?<day>\d{8})-(?:a|b)$`, 1],
    ["(?i)readme", "(?i:readme)", 0],
    ["a{,3}b{2,}{x}", String.raw`a{0,3}b{2,}\{x\}`, 0],
    [String.raw`\bx(?<=a)(?!b)\_\-[]a]`, String.raw`\bx(?<=a)(?!b)_-[\]a]`, 0],
    [String.raw`(a)\1(?#why)`, String.raw`(a)\1`, 1],
  ])("%s", (python, written, groups) => {
    expect(toJavaScript(python)).toEqual({ kind: "text", text: written, groups });
  });

  test("what JavaScript has no form for is told", () => {
    for (const foreign of ["(?x) a", "(?>a)", "a*+", "(?P=name)"])
      expect(toJavaScript(foreign), foreign).toMatchObject({ kind: "foreign" });
  });

  test("it matches what the other way of reading it matches", () => {
    fc.assert(
      fc.property(pattern, text, (source, address) => {
        const written = toJavaScript(source);
        const left = below(source, "").some((one) => new RegExp(one, "u").test(address));
        expect(written.kind === "text" && new RegExp(written.text, "uy").test(address), `${source} on ${address}`).toBe(left);
      }),
      { numRuns: 2000 },
    );
  });
});
