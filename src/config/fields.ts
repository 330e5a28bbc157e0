import * as z from "zod";
import type { Parsed } from "./parsed.ts";
import { formatDuration, formatSize, parseDuration, parseRate, parseSize } from "./units.ts";
import { bad, good, quote } from "./parsed.ts";

/** What the editor and the reference show of a text field. `pattern` is for editors; `parse` decides. */
type TextField<T> = { title: string; pattern?: string; examples?: string[]; parse: (text: string) => Parsed<T> };

/** A field that is written as text and means something more. */
export function textField<T>(field: TextField<T>) {
  return z
    .string()
    .transform((text, context): T => {
      const parsed = field.parse(text);
      if (parsed.ok) return parsed.value;
      context.addIssue({ code: "custom", message: parsed.message, params: { suggestion: parsed.suggestion } });
      return z.NEVER;
    })
    .meta({
      title: field.title,
      ...(field.pattern === undefined ? {} : { pattern: field.pattern }),
      ...(field.examples === undefined ? {} : { examples: field.examples }),
    });
}

/** Texts in which some variables are filled in by others, later: what the function knows stays as it is written. */
export const laterVariables: WeakMap<z.core.$ZodType, (name: string) => boolean> = new WeakMap();

const sizePattern = String.raw`\d+(\.\d+)? ?([kKmMgGtTpP](i?B)?|B)?`;
const durationPattern = String.raw`\d+(\.\d+)? ?(ms|s|m|h|d|w)`;

/** In milliseconds. */
export function duration(limits: { minMs: number; maxMs?: number }) {
  return textField({
    title: "duration",
    pattern: `^${durationPattern}$`,
    examples: ["30s", "10m", "2h", "7d"],
    parse: (text) => within(parseDuration(text), text, limits.minMs, limits.maxMs, formatDuration),
  });
}

/** In bytes. */
export function size(limits: { minBytes: number; maxBytes?: number }) {
  return textField({
    title: "size",
    pattern: `^${sizePattern}$`,
    examples: ["64M", "1GiB", "500MB"],
    parse: (text) => within(parseSize(text), text, limits.minBytes, limits.maxBytes, formatSize),
  });
}

/** In bytes per second; null: unlimited. */
export function rate(limits: { minBytesPerS: number }) {
  return textField({
    title: "rate",
    pattern: String.raw`^(unlimited|${sizePattern}/s|\d+(\.\d+)? ?[kKmMgG]bit/s)$`,
    examples: ["unlimited", "50MB/s", "400Mbit/s"],
    parse: (text) => {
      const parsed = parseRate(text);
      return parsed.ok && parsed.value !== null
        ? within(good(parsed.value), text, limits.minBytesPerS, undefined, (value) => `${formatSize(value)}/s`)
        : parsed;
    },
  });
}

function within(
  parsed: Parsed<number>,
  text: string,
  min: number,
  max: number | undefined,
  format: (value: number) => string,
): Parsed<number> {
  if (!parsed.ok) return parsed;
  if (parsed.value < min) return bad(`${quote(text)} is too small: at least ${format(min)}`, format(min));
  if (max !== undefined && parsed.value > max) return bad(`${quote(text)} is too large: at most ${format(max)}`, format(max));
  return parsed;
}

/** A list of different words. */
export function words<const Word extends string>(known: readonly Word[], limits: { min: number }) {
  return z
    .array(z.enum(known))
    .min(limits.min)
    .max(known.length)
    .superRefine((list, context) => {
      for (const [index, word] of list.entries()) {
        if (list.indexOf(word) < index) context.addIssue({ code: "custom", path: [index], message: `"${word}" is in the list twice` });
      }
    })
    .meta({ title: `list of ${known.join(", ")}`, uniqueItems: true });
}

/** Numbers are taken as they are written: `[ssh, -p, 2222]`. */
export const argument = textField({
  title: "argument",
  pattern: "^[^\\u0000]*$",
  parse: (text) => (text.includes("\0") ? bad("an argument cannot hold a NUL character") : good(text)),
});

/** A command as its arguments; no shell takes it apart. */
export const command = z
  .array(argument)
  .min(1)
  .max(64)
  .superRefine((list, context) => {
    if (list[0] === "") context.addIssue({ code: "custom", path: [0], message: "the command is empty" });
  })
  .meta({ title: "list of arguments" });

/** The end of a file name: a suffix that is not empty and stays in its directory. */
export function nameSuffix(example: string) {
  return textField({
    title: "suffix",
    pattern: "^[^/]{1,64}$",
    examples: [example],
    parse: (text) => {
      if (text === "") return bad("the suffix is empty: it would be the file itself", example);
      if (/[/\0]/.test(text)) return bad("a suffix holds no / and no NUL");
      return Buffer.byteLength(text) <= 64 ? good(text) : bad("a suffix has at most 64 bytes");
    },
  });
}
