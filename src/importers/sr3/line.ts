import type { OptionType } from "./option.ts";

/** One line that says something. `raw` is without the blanks around it. */
export type Line = { number: number; words: string[]; raw: string };

/** sr3 splits at blanks, and knows neither quotes nor continuation. A comment is a line whose first word begins with `#`. */
export function linesOf(text: string): Line[] {
  return text
    .replace(/^\ufeff/, "")
    .split(/\r?\n|\r/)
    .map((line, at) => ({ number: at + 1, raw: line.trim(), words: line.trim().split(/\s+/) }))
    .filter(({ raw, words }) => raw !== "" && !words[0]!.startsWith("#"));
}

const whole: ReadonlySet<OptionType> = new Set(["text", "list", "each"]);

/** What a reader of this line would think, and sr3 does not. */
export function surprisesOf({ words, raw }: Line, type: OptionType): string[] {
  const [name = "", ...rest] = words;
  const found: string[] = [];
  if (whole.has(type)) {
    const comment = rest.findIndex((word, at) => at > 0 && word.startsWith("#"));
    if (comment > 0) found.push(`${name}: sr3 has no comments behind a value, so that "${rest.slice(comment).join(" ")}" belongs to it`);
    const value = raw.slice(name.length).trim();
    if (/^(["']).*\1$/s.test(value)) found.push(`${name}: sr3 knows no quotes, so that they belong to the value`);
    if (/\s\s|\t/.test(value)) found.push(`${name}: sr3 makes one blank of several`);
  } else if (type !== "flag" && type !== "mask" && rest.length > 1 && !rest[1]!.startsWith("#"))
    found.push(`${name}: sr3 reads the first word only, and passes over "${rest.slice(1).join(" ")}"`);
  if (raw.endsWith("\\")) found.push(`${name}: sr3 knows no continuation lines, so that the \\ belongs to the value`);
  return found;
}
