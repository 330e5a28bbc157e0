import type { At, Remarks } from "../../remark.ts";
import { readPatterns } from "../python-patterns.ts";

/** Python's regular expressions of a list, as JavaScript has them; those that are wrong, or that have no such form, are errors. */
export function readExpressions(patterns: readonly string[], key: string, at: At, remarks: Remarks): string[] {
  return readPatterns(
    key,
    patterns.map((value) => ({ value, at })),
    remarks,
  ).map(({ value }) => value);
}

/** Whichever of a key's names the file has. */
export function listOf(section: Readonly<Record<string, unknown>> | undefined, ...names: string[]): { key: string; patterns: string[] } {
  const key = names.find((name) => section?.[name] !== undefined) ?? names[0]!;
  const patterns = section?.[key];
  return { key, patterns: Array.isArray(patterns) ? patterns.filter((one): one is string => typeof one === "string") : [] };
}
