import { messageOf } from "../kernel/errors.ts";
import { bad, good, type Parsed } from "./parsed.ts";

/** A regular expression on the relative path, by code points (`u`) where it compiles so; some older habits (`\-`, `\_`) compile only without. */
export function parseExpression(text: string): Parsed<RegExp> {
  if (text === "") return bad("an empty regular expression matches every file");
  const strict = compile(text, "u");
  if (strict.ok) return strict;
  const loose = compile(text, "");
  if (loose.ok) return loose;
  return bad(`not a regular expression: ${strict.message}`, guess(text));
}

function compile(text: string, flags: string): Parsed<RegExp> {
  try {
    return good(new RegExp(text, flags));
  } catch (error) {
    // `Invalid regular expression: /(/u: Unterminated group`
    return bad(messageOf(error).split(": ").at(-1)!.toLowerCase());
  }
}

/** Shell patterns, and the inline flag of other languages. */
function guess(text: string): string | undefined {
  const glob = /^\*(\.[\w.]+)$/.exec(text);
  if (glob) return `${glob[1]!.replaceAll(".", String.raw`\.`)}$`;
  const ignoreCase = /^\(\?i\)(.+)$/s.exec(text);
  return ignoreCase ? `(?i:${ignoreCase[1]})` : undefined;
}
