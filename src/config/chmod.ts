import { type Chmod, type ChmodClause, classBits } from "../flow/chmod.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";

/** Each is what one of `ugoa` may do afterwards. */
const permissions: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };
const octalForm = /^[0-7]{1,4}$/;
const CLAUSES_MAX = 100;

/** `g+rwX,o+rX`, `D2775,F664`: the symbolic form of chmod(1), with what rsync's `--chmod` adds to it. */
export function parseChmod(text: string): Parsed<Chmod> {
  if (text.trim() === "") return bad("no change of modes is named", "g+rwX,o+rX");
  const words = text.split(",");
  if (words.length > CLAUSES_MAX) return bad(`more than ${CLAUSES_MAX} changes of modes`);
  const clauses: ChmodClause[] = [];
  for (const word of words) {
    const parsed = parseWord(word, text);
    if (!parsed.ok) return parsed;
    clauses.push(...parsed.value);
  }
  return good({ text, clauses });
}

/** What stands between two commas: one clause, or several of the same classes (`g+r-w`). */
function parseWord(word: string, text: string): Parsed<ChmodClause[]> {
  const where = placed(word, text);
  const kinds = /^[DF]*/.exec(word)![0];
  if (kinds.length > 1) return bad(`${where}: D is for directories alone and F for files alone; both are meant without either`);
  const on = { files: kinds !== "D", directories: kinds !== "F" };
  const rest = word.slice(kinds.length);
  if (/^\d+$/.test(rest))
    return octalForm.test(rest)
      ? good([{ ...on, kind: "octal", mode: Number.parseInt(rest, 8) }])
      : bad(`${where}: an octal mode has one to four digits from 0 to 7`);
  const classes = /^[ugoa]*/.exec(rest)![0];
  const changes = rest.slice(classes.length);
  if (changes === "" || !"+-=".includes(changes[0]!)) return bad(`${where}: ${expectedOperator(changes)}`, suggested(word, classes));
  const affected = classes === "" ? null : classes.split("").reduce((bits, name) => bits | classBits[name]!, 0);
  const clauses: ChmodClause[] = [];
  for (const [, operator, what] of changes.matchAll(/([-+=])([^-+=]*)/g)) {
    const parsed = parsePermissions(what!, where);
    if (!parsed.ok) return parsed;
    clauses.push({ ...on, kind: "symbolic", operator: operator as "+" | "-" | "=", affected, ...parsed.value });
  }
  return good(clauses);
}

type Permissions = { bits: number; executeWhereSensible: boolean; copied: number };

function parsePermissions(letters: string, where: string): Parsed<Permissions> {
  if (/^[ugo]$/.test(letters)) return good({ bits: 0, executeWhereSensible: false, copied: classBits[letters]! & 0o777 });
  const strange = letters.split("").find((letter) => letter !== "X" && !Object.hasOwn(permissions, letter));
  if (strange !== undefined)
    return bad(
      /[ugo]/.test(strange)
        ? `${where}: the permissions of a class (u, g or o) are copied alone: one letter after the operator`
        : `${where}: ${quote(strange)} is no permission; there are r, w, x, X, s and t, or one of u, g and o to copy theirs`,
    );
  const bits = letters.split("").reduce((all, letter) => all | (permissions[letter] ?? 0), 0);
  return good({ bits, executeWhereSensible: letters.includes("X"), copied: 0 });
}

function placed(word: string, text: string): string {
  return word === text ? quote(word) : `${quote(word)} in ${quote(text)}`;
}

function expectedOperator(found: string): string {
  const expected = "expected +, - or = after the classes (u, g, o or a), or an octal mode";
  return found === "" ? expected : `${expected}, not ${quote(found[0]!)}`;
}

/** `g rw`, `grw`: the operator was forgotten. */
function suggested(word: string, classes: string): string | undefined {
  const given = /^[DF]?[ugoa]+ ?([rwxXst]+)$/.exec(word)?.[1];
  return given === undefined || classes === "" ? undefined : `${word.slice(0, word.length - given.length).trim()}+${given}`;
}
