import { parseExpression } from "../expression/parse.ts";
import { toJavaScript } from "../expression/javascript.ts";
import type { Remarks } from "../remark.ts";
import type { Read } from "./section-reader.ts";

/** Python's regular expressions, which are looked for anywhere in a relative path (`re.search`), as those of `accept` and `reject`. */
export function readPatterns(key: string, patterns: ReadonlyArray<Read<string>>, remarks: Remarks): Array<Read<string>> {
  return patterns.flatMap(({ value, at }) => {
    const parsed = parseExpression(value);
    if (value === "" || parsed.kind === "wrong") {
      remarks.error(
        at,
        `${key}: ${JSON.stringify(value)} is no regular expression: ${parsed.kind === "wrong" ? parsed.message : "it is empty, and matches everything"}`,
      );
      return [];
    }
    const translated = toJavaScript(value);
    if (translated.kind === "text") return [{ value: translated.text, at }];
    remarks.error(at, `${key}: ${JSON.stringify(value)} cannot be carried over: ${translated.message}`);
    return [];
  });
}
