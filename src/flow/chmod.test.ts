import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chooseSeed, Random } from "../../test/support/random.ts";
import { makeTemporary } from "../../test/support/temporary.ts";
import { parseChmod } from "../config/chmod.ts";
import { changedMode, type Chmod } from "./chmod.ts";

function chmod(text: string): Chmod {
  const parsed = parseChmod(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.message}`);
  return parsed.value;
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

/** One comma-separated list of clauses, of anything that chmod(1) takes. */
function randomClauses(random: Random): string {
  const some = (letters: string, least: number): string =>
    letters
      .split("")
      .filter(() => random.chance(0.4))
      .join("")
      .padEnd(least, letters[random.between(0, letters.length - 1)]);
  const change = (): string => random.pick(["+", "-", "="]) + (random.chance(0.25) ? random.pick(["u", "g", "o"]) : some("rwxXst", 0));
  return Array.from(
    { length: random.between(1, 4) },
    () => some("ugoa", 0) + Array.from({ length: random.between(1, 3) }, change).join(""),
  ).join(",");
}

test("random clauses on random modes do what the chmod of this machine does, to files and to directories", async () => {
  await using temporary = await makeTemporary();
  const random = new Random(chooseSeed("chmod"));
  const cases = Array.from({ length: 600 }, (_, at) => {
    const path = `${temporary.path}/${at}`;
    const kind = random.chance(0.5) ? ("file" as const) : ("directory" as const);
    if (kind === "file") writeFileSync(path, "");
    else mkdirSync(path);
    chmodSync(path, random.between(0, 0o7777));
    return { path, kind, before: statSync(path).mode & 0o7777, clauses: randomClauses(random) };
  });
  // chmod sees an umask where no class is named; a destination has none that is ours to know.
  const script = cases.map(({ path, clauses }) => `chmod -- '${clauses}' '${path}'`).join("\n");
  execFileSync("sh", ["-c", `umask 0\nset -e\n${script}`]);
  const told = cases.map(
    ({ path, kind, before, clauses }) => `${kind} ${octal(before)} ${clauses} -> ${octal(statSync(path).mode & 0o7777)}`,
  );
  const ours = cases.map(
    ({ kind, before, clauses }) => `${kind} ${octal(before)} ${clauses} -> ${octal(changedMode(before, chmod(clauses), kind))}`,
  );
  expect(ours).toEqual(told);
});

test.each([
  ["SupRsync's default opens what the owner may, and makes nothing executable", "g+rwX,o+rX", 0o600, 0o664, 0o775],
  ["what is executable becomes so for those who may read it", "g+rwX,o+rX", 0o700, 0o775, 0o775],
  ["D is for directories alone and F for files alone, and octal sets all bits", "D2775,F664", 0o4711, 0o664, 0o2775],
  ["an octal mode for both", "750", 0o2644, 0o750, 0o750],
  ["D and F before classes", "Dg+s,Fo-rwx", 0o755, 0o750, 0o2755],
  ["clauses are done one after the other", "u=rw,g=u,o=", 0o755, 0o660, 0o660],
  ["several changes of one class", "ug+x-w,o=g", 0o644, 0o555, 0o555],
  ["without a class all are meant", "-w", 0o666, 0o444, 0o555],
])("%s: %s", (_, text, before, file, directory) => {
  expect(octal(changedMode(before, chmod(text), "file"))).toBe(octal(file));
  expect(octal(changedMode(before | 0o111, chmod(text), "directory"))).toBe(octal(directory));
});

test.each([
  ["", /no change of modes/, "g+rwX,o+rX"],
  ["g+rw,", /"" in "g\+rw,": expected \+, - or =/],
  ["g rw", /not " "/, "g+rw"],
  ["grw", /not "r"/, "g+rw"],
  ["g+rwq", /"g\+rwq": "q" is no permission; there are r, w, x, X, s and t/],
  ["o+rX,g+ur", /"g\+ur" in "o\+rX,g\+ur": .*copied alone/],
  ["DFg+s", /D is for directories alone/],
  ["888", /one to four digits from 0 to 7/],
  ["00644", /one to four digits/],
  ["u+0644", /"0" is no permission/],
  ["D", /expected \+, - or = after the classes \(u, g, o or a\), or an octal mode/],
  ["u+r o+r", /" " is no permission/],
  [Array.from({ length: 101 }, () => "u+r").join(","), /more than 100/],
])("%j is refused, with what is wrong in it", (text, message, suggestion?: string) => {
  expect(parseChmod(text)).toEqual({
    ok: false,
    message: expect.stringMatching(message),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
});
