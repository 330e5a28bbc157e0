import type { At, Remarks } from "../../remark.ts";
import { toJavaScript } from "../../expression/javascript.ts";
import { clean } from "../poster.ts";
import type { Configuration } from "../reader.ts";
import type { Placement } from "../values.ts";

/** What a route strips: so many directories, or an expression; null: nothing. */
export function stripOf(
  { strip, flatten }: Placement,
  { effective, component }: Configuration,
  at: At,
  remarks: Remarks,
): number | string | null {
  // Where files are fetched sr3 takes baseDir off the front of the path, if it is there. A sender finds its files below it.
  const base = component === "sarra" || component === "subscribe" ? baseParts(effective.text("baseDir")) : "";
  const combined = effective.flag("baseUrl_relPath") && (strip.kind === "pattern" || strip.count > 0 || base !== "" || flatten !== "/");
  if (combined) remarks.error(at, "baseUrl_relPath: what it puts in front cannot be stripped or flattened here");
  if (strip.kind === "pattern") {
    const translated = toJavaScript(strip.pattern);
    if (translated.kind === "foreign") remarks.error(at, `strip ${strip.pattern}: hotdir cannot carry over ${translated.message}`);
    if (base !== "") remarks.error(at, "strip: an expression and baseDir together are more than a route can strip");
    return translated.kind === "text" ? translated.text : null;
  }
  if (base === "") return strip.count === 0 ? null : strip.count;
  if (flatten !== "/")
    remarks.error(
      at,
      "flatten: with baseDir sr3 makes a name of the whole path, and directories of a part of it, which a route does not do",
    );
  return strip.count === 0 ? `^${base}` : `^(?:(?:[^/]+/){${strip.count}}(?:${base})?|${base})`;
}

/** As an expression. */
function baseParts(baseDir: string | null): string {
  const path = baseDir === null ? "/" : clean(baseDir);
  return path === "/" ? "" : `${path.replace(/^\//, "").replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}/`;
}
