import { readdirSync } from "node:fs";
import { type AbsPath, type Bytes, bytesOfText, fsPath, join } from "../../../kernel/path.ts";

/** What Python's `glob` finds: `*`, `?`, `[a-z]` and `[!a-z]` within one name; names that begin with a dot only where the pattern does. */
export function expandGlob(directory: AbsPath, pattern: string): AbsPath[] {
  const segments = bytesOfText(pattern)
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".");
  return segments.reduce<AbsPath[]>((found, segment) => found.flatMap((place) => step(place, segment)), [directory]);
}

function step(place: AbsPath, segment: string): AbsPath[] {
  if (!/[*?[]/.test(segment)) return [join(place, segment as Bytes)];
  const expression = expressionOf(segment);
  if (expression === null) return [];
  return namesIn(place)
    .filter((name) => (segment.startsWith(".") || !name.startsWith(".")) && expression.test(name))
    .toSorted()
    .map((name) => join(place, name));
}

/** null: one whose range runs backwards (`[z-a]`) matches nothing. */
function expressionOf(segment: string): RegExp | null {
  try {
    return new RegExp(`^${translate(segment)}$`, "s");
  } catch {
    return null;
  }
}

function namesIn(place: AbsPath): Bytes[] {
  try {
    return readdirSync(fsPath(place), { encoding: "latin1" }) as unknown as Bytes[];
  } catch {
    return [];
  }
}

function translate(segment: string): string {
  return segment.replaceAll(/\[(!?)(\]?[^\]]*)\]|[\s\S]/g, (part, negated: string | undefined, set: string | undefined) => {
    if (set !== undefined) return `[${negated === "!" ? "^" : ""}${set.replaceAll(/[\\\]^]/g, String.raw`\$&`)}]`;
    if (part === "*") return "[^]*";
    return part === "?" ? "[^]" : part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  });
}
