import { nearest } from "../../config/nearest.ts";
import { bad, good, type Parsed, quote } from "../../config/parsed.ts";
import type { Option } from "./option.ts";
import { setMembers } from "./options.ts";

/** What is stripped from the front of a path: so many directories, or what a regular expression matches. */
export type Strip = { kind: "count"; count: number } | { kind: "pattern"; pattern: string };

/** How a sender places a file; captured by each accept and reject line from the lines above it. */
export type Placement = { directory: string | null; mirror: boolean; strip: Strip; flatten: string; filename: string | null };

export type Value =
  | { type: "flag"; on: boolean }
  | { type: "number"; number: number }
  /** `null`: unset. */
  | { type: "text"; text: string | null }
  | { type: "set"; members: readonly string[] }
  | { type: "list"; items: readonly string[] }
  | { type: "strip"; strip: Strip }
  /** A time is how old a file must be; it counts as fileAgeMin as well. */
  | { type: "inflight"; inflight: { kind: "none" } | { kind: "name"; name: string } | { kind: "age"; seconds: number } }
  | { type: "mask"; pattern: string; filename: string | null; placement: Placement };

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  "1": true,
  false: false,
  no: false,
  off: false,
  none: false,
  "0": false,
};

/** Other words are off to sr3, without a word about it. */
export function parseFlag(word: string): Parsed<boolean> {
  const known = flagWords[word.toLowerCase()];
  if (known !== undefined) return good(known);
  const meant = /^[ty]/i.test(word) ? "on" : "off";
  return bad(`${quote(word)} is off to sr3, whatever it was meant to be: only true, yes, on and 1 are on`, meant);
}

const powers = "kmgtpezy";

/** `1k` is 1000, `1kb` and `1KiB` are 1024. sr3 takes what it cannot read for 0. */
export function parseCount(word: string): Parsed<number> {
  const match = /^(-)?(\d+(?:\.\d+)?|\.\d+)(?:([kmgtpezy])?(i?b?|i?bytes?)?)$/i.exec(word);
  if (match === null) return bad(`${quote(word)} is no number such as 5, 1.5k, 10M or 1MiB, so that sr3 takes it for 0`);
  const [, sign, digits, prefix, unit] = match;
  const base = /[ib]$/i.test(unit ?? "") ? 1024 : 1000;
  const factor = prefix === undefined ? 1 : base ** (powers.indexOf(prefix.toLowerCase()) + 1);
  return good((sign === undefined ? 1 : -1) * Math.trunc(Number(digits) * factor));
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** In seconds: `10`, `1.5s`, `5m`, and two units, `1m30s`. */
export function parseSeconds(word: string, preset: number): Parsed<number> {
  const lower = word.toLowerCase();
  if (["off", "none", "false", "no"].includes(lower)) return good(0);
  if (["on", "true", "yes"].includes(lower)) return good(preset);
  const one = /^(-?\d+(?:\.\d+)?|-?\.\d+)([smhdw])?$/.exec(lower);
  if (one !== null) return good(Number(one[1]) * secondsOf[one[2] ?? "s"]!);
  const two = /^(\d+)([smhdw])(\d+(?:\.\d+)?)([smhdw])$/.exec(lower);
  if (two !== null) return good(Number(two[1]) * secondsOf[two[2]!]! + Number(two[3]) * secondsOf[two[4]!]!);
  const ms = /^\d+ms$/.test(lower) ? String(Number(lower.slice(0, -2)) / 1000) : undefined;
  return bad(`${quote(word)} is no duration such as 10, 1.5s, 5m or 1h30m, so that sr3 takes it for 0`, ms);
}

function parseMode(word: string): Parsed<number> {
  if (/^[0-7]+$/.test(word)) return good(Number.parseInt(word, 8));
  return bad(`${quote(word)} is no octal mode such as 644, so that sr3 leaves the line out`);
}

/** `a,b` replaces, `+a,b` adds, `-a,b` removes: the sign is for all of them. */
export function parseSet(name: string, word: string, before: readonly string[]): Parsed<string[]> {
  const valid = setMembers[name] ?? [];
  if (word.toLowerCase() === "none") return good([]);
  if (["all", "+all"].includes(word.toLowerCase())) return good([...valid]);
  const [, signs = "", rest = ""] = /^([+-]*)(.*)$/.exec(word.replaceAll("|", ",")) ?? [];
  const members = rest.split(",").filter((member) => member !== "");
  const wrong = members.find((member) => !valid.includes(member));
  if (wrong !== undefined) {
    const signed = /^[+-]/.test(wrong) ? `; the sign before the first is for all of them` : "";
    return bad(`${quote(wrong)} is none of ${valid.join(", ")}${signed}`, nearest(wrong.replace(/^[+-]/, ""), valid) ?? undefined);
  }
  switch (signs.at(-1)) {
    case "+":
      return good([...new Set([...before, ...members])]);
    case "-":
      return good(before.filter((member) => !members.includes(member)));
    default:
      return good(members);
  }
}

function parseStrip(word: string): Strip {
  if (/^\d+$/.test(word)) return { kind: "count", count: Number(word) };
  return { kind: "pattern", pattern: word.startsWith("/") ? word.slice(1) : word };
}

function parseInflight(word: string): Parsed<Value> {
  if (["none", "off", "false"].includes(word.toLowerCase())) return good({ type: "inflight", inflight: { kind: "none" } });
  if (/^\d$/.test(word) || /^\d+[smhdw]\d+[smhdw]$/i.test(word))
    return bad(`sr3 does not take ${quote(word)} for a time, but for a name`, /^\d$/.test(word) ? `${word}s` : undefined);
  if (!/^\d+.$/.test(word)) return good({ type: "inflight", inflight: { kind: "name", name: word } });
  const age = parseSeconds(word, 0);
  return age.ok ? good({ type: "inflight", inflight: { kind: "age", seconds: age.value } }) : age;
}

/** The value of a line whose words are filled in. `before`: what a set or a list holds already. */
export function parseValue(option: Option, words: readonly string[], before: Value | null): Parsed<Value> {
  const [first = ""] = words;
  const whole = words.join(" ");
  switch (option.type) {
    case "flag":
      return asValue(parseFlag(first), (on) => ({ type: "flag", on }));
    case "count":
    case "size":
    case "float":
      return asValue(parseCount(first), (number) => ({ type: "number", number }));
    case "duration":
      return asValue(parseSeconds(first, 0), (number) => ({ type: "number", number }));
    case "nodupe":
      return asValue(parseSeconds(first, 300), (number) => ({ type: "number", number }));
    case "mode":
      return asValue(parseMode(first), (number) => ({ type: "number", number }));
    case "set":
      return asValue(parseSet(option.name, first, before?.type === "set" ? before.members : []), (members) => ({ type: "set", members }));
    case "list":
      return good({ type: "list", items: [...(before?.type === "list" ? before.items : []), whole] });
    case "word":
    case "identity":
      return good({ type: "text", text: first });
    case "strip":
      return good({ type: "strip", strip: parseStrip(first) });
    case "inflight":
      return parseInflight(first);
    default:
      return good({ type: "text", text: whole === "None" || whole === "" ? null : whole });
  }
}

function asValue<T>(parsed: Parsed<T>, value: (from: T) => Value): Parsed<Value> {
  return parsed.ok ? good(value(parsed.value)) : parsed;
}
