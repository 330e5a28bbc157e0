import { parseDocument, Scalar } from "yaml";
import { type At, formatAt, printable } from "./remark.ts";

export type NativeValue = NativePlain | readonly string[] | readonly NativeEntry[] | NativeList;
/** What stands on one line. `template`: its `${...}` are variables. */
export type NativePlain = string | number | boolean | { template: string };
/** A key with its value. `from`: the lines that it comes from; `because`: what else there is to say of it. */
export type NativeEntry = { key: string; value: NativeValue; from?: readonly At[]; because?: string };
/** Maps on a line each. */
export type NativeList = { items: ReadonlyArray<{ entries: ReadonlyArray<{ key: string; value: NativePlain }>; from: readonly At[] }> };
/** A text of a list with the lines that it comes from. */
export type NativeFlow = { name: string; about: string; entries: readonly NativeEntry[]; members: ReadonlyMap<string, readonly At[]> };

const COMMENT_COLUMN = 60;
const FROM_MAX = 4;

/** One file of several flows. `head` and `tail` are comments. */
export function writeDocument(flows: readonly NativeFlow[], head: readonly string[], tail: readonly string[]): string {
  const lines = [...head.map(comment), "flows:"];
  for (const flow of flows) {
    lines.push(`  ${flow.name}:${flow.about === "" ? "" : ` # ${printable(flow.about)}`}`);
    lines.push(...flow.entries.flatMap((entry) => writeEntry(entry, 4, flow.members)));
  }
  return `${[...lines, ...(tail.length === 0 ? [] : ["", ...tail.map(comment)])].join("\n")}\n`;
}

function comment(text: string): string {
  return text === "" ? "#" : `# ${printable(text)}`;
}

function writeEntry(entry: NativeEntry, indent: number, members: NativeFlow["members"]): string[] {
  const { key, value } = entry;
  const margin = " ".repeat(indent);
  if (typeof value !== "object" || "template" in value) return [beside(`${margin}${key}: ${onLine(value)}`, origin(entry))];
  if ("items" in value)
    return [
      beside(`${margin}${key}:`, origin(entry)),
      ...value.items.map(({ entries, from }) => beside(`${margin}  - ${mapOnLine(entries)}`, sources(from))),
    ];
  if (isEntries(value))
    return [beside(`${margin}${key}:`, origin(entry)), ...value.flatMap((child) => writeEntry(child, indent + 2, members))];
  if (!value.some((member) => members.has(member)))
    return [beside(`${margin}${key}: [${value.map((member) => scalar(member, true)).join(", ")}]`, origin(entry))];
  return [
    beside(`${margin}${key}:`, origin(entry)),
    ...value.map((member) => beside(`${margin}  - ${scalar(member)}`, sources(members.get(member) ?? []))),
  ];
}

function mapOnLine(entries: ReadonlyArray<{ key: string; value: NativePlain }>): string {
  return `{${entries.map(({ key, value }) => `${key}: ${onLine(value, true)}`).join(", ")}}`;
}

function onLine(value: NativePlain, inList = false): string {
  return typeof value === "object" ? quoted(value.template) : scalar(value, inList);
}

function isEntries(value: readonly string[] | readonly NativeEntry[]): value is readonly NativeEntry[] {
  return typeof value[0] === "object";
}

function origin({ from, because }: NativeEntry): string {
  return [sources(from ?? []), because ?? ""].filter((part) => part !== "").join("; ");
}

function sources(from: readonly At[]): string {
  const lines = [...new Set(from.map(formatAt))];
  const shown = lines.slice(0, FROM_MAX).join(", ");
  return lines.length > FROM_MAX ? `${shown} and ${lines.length - FROM_MAX} more` : shown;
}

function beside(line: string, words: string): string {
  return words === "" ? line : `${line.padEnd(COMMENT_COLUMN - 1)} # ${printable(words)}`;
}

/** As YAML has it on one line, so that it is this text and no other: `${` in it is no variable. */
export function scalar(value: string | number | boolean, inList = false): string {
  if (typeof value !== "string") return String(value);
  const escaped = value.replaceAll("${", "$$${");
  const plain = inList ? /^[A-Za-z/~_.][\w/~.@=+-]*$/ : /^[A-Za-z0-9/~_.][\w/~.:@%=+ -]*$/;
  if (plain.test(escaped) && isThatText(escaped)) return escaped;
  return quoted(escaped);
}

function quoted(text: string): string {
  if (!/[\p{C}\u2028\u2029]/u.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Not a number, `true` or `null` to YAML, nor the beginning of a comment. */
function isThatText(plain: string): boolean {
  const { contents, errors } = parseDocument(plain);
  return errors.length === 0 && contents instanceof Scalar && contents.value === plain;
}
