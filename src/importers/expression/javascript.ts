import { readClass, readEscape, writeLetter } from "./characters.ts";
import { Foreign, Wrong } from "./failure.ts";

/** `groups`: how many it has, for `${1}` and the like. */
export type Translated = { kind: "text"; text: string; groups: number } | { kind: "foreign"; message: string };

/**
 * A Python expression that is compared with the same text as it was, so that it stays as it stands but for what JavaScript
 * writes in another way; groups keep their numbers. It is known to be one (`parseExpression`).
 */
export function toJavaScript(pattern: string): Translated {
  const flags = /^\(\?([aiLmsux]+)\)/.exec(pattern);
  const used = (flags?.[1] ?? "").replaceAll(/[au]/g, "");
  if (/[Lx]/.test(used)) return { kind: "foreign", message: `the flag ${/[Lx]/.exec(used)![0]}` };
  try {
    const { text, groups } = translate(pattern, flags?.[0].length ?? 0);
    const whole = used === "" ? text : `(?${used}:${text})`;
    return compiles(whole) ? { kind: "text", text: whole, groups } : { kind: "foreign", message: "what JavaScript has no form for" };
  } catch (error) {
    if (error instanceof Foreign || error instanceof Wrong) return { kind: "foreign", message: error.message };
    throw error;
  }
}

function translate(pattern: string, from: number): { text: string; groups: number } {
  let text = "";
  let groups = 0;
  for (let at = from; at < pattern.length;) {
    const rest = pattern.slice(at);
    const character = String.fromCodePoint(pattern.codePointAt(at)!);
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
    const repetition = /^\{(\d+|\d*,\d*)\}/.exec(rest);
    if (character === "\\") {
      const step = escapeAt(pattern, at);
      text += step.text;
      at = step.end;
    } else if (character === "[") {
      const read = readClass(pattern, at + 1);
      text += read.text;
      at = read.end;
    } else if (comment !== null) at += comment[0].length;
    else if (named !== null) {
      text += `(?<${named[1]!}>`;
      groups++;
      at += named[0].length;
    } else if (repetition !== null && repetition[1] !== ",") {
      text += repetition[0].replace("{,", "{0,");
      at += repetition[0].length;
    } else {
      if (character === "(" && !rest.startsWith("(?")) groups++;
      if (/^\(\?(?:>|P=|P>|\()/.test(rest)) throw new Foreign(`the group ${rest.slice(0, 3)}`);
      text += /[{}\]]/.test(character) ? writeLetter(character, "outside") : character;
      at += character.length;
    }
  }
  return { text, groups };
}

function escapeAt(pattern: string, at: number): { text: string; end: number } {
  const character = pattern[at + 1] ?? "";
  const kept: Readonly<Record<string, string>> = { A: "^", Z: "$", b: "\\b", B: "\\B" };
  if (Object.hasOwn(kept, character)) return { text: kept[character]!, end: at + 2 };
  const back = /^\\([1-9]\d?)/.exec(pattern.slice(at));
  if (back !== null) return { text: back[0], end: at + back[0].length };
  // A slash needs no escape, and a letter that had one may have none in JavaScript.
  return readEscape(pattern, at + 1, "outside");
}

function compiles(text: string): boolean {
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
