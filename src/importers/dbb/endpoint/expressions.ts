import { parseExpression } from "../../sr3/expression/parse.ts";
import { toJavaScript } from "../../sr3/expression/javascript.ts";
import type { At, Remarks } from "../../remark.ts";

/** Python's regular expressions as JavaScript has them, searched and not anchored; those that are wrong, or that have no such form, are errors. */
export function readExpressions(patterns: readonly string[], key: string, at: At, remarks: Remarks): string[] {
  return patterns.flatMap((pattern) => {
    const parsed = parseExpression(pattern);
    const written = parsed.kind === "wrong" ? parsed : toJavaScript(pattern);
    if (written.kind === "text") return [written.text];
    const what =
      written.kind === "wrong" ? `is no regular expression: ${written.message}` : `uses ${written.message}, which hotdir cannot carry over`;
    remarks.error(at, `${key}: '${pattern}' ${what}`);
    return [];
  });
}

/** Whichever of a key's names the file has. */
export function listOf(section: Readonly<Record<string, unknown>> | undefined, ...names: string[]): { key: string; patterns: string[] } {
  const key = names.find((name) => section?.[name] !== undefined) ?? names[0]!;
  const patterns = section?.[key];
  return { key, patterns: Array.isArray(patterns) ? patterns.filter((one): one is string => typeof one === "string") : [] };
}
