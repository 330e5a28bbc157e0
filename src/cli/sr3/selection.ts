import { nearest } from "../../config/nearest.ts";
import { type ConfigurationName, formatName, isComponent } from "../../importers/sr3/configuration-file.ts";
import { misused } from "./arguments.ts";

/** Those that the words name: none is all. Throws `bad-usage` for a word that names none, so that no slip of the pen does less than was asked for. */
export function selectConfigurations(patterns: readonly string[], names: readonly ConfigurationName[]): ConfigurationName[] {
  if (patterns.length === 0) return [...names];
  const chosen = new Set(patterns.flatMap((pattern) => matching(pattern, names)));
  return names.filter((name) => chosen.has(name));
}

/** `sender/*`, `sender/to_hpfx`, also with `.conf`; `to_hpfx` is every component's; `sender` and `sender/` are all of them. */
function matching(pattern: string, names: readonly ConfigurationName[]): ConfigurationName[] {
  const bare = pattern.replace(/\.conf$/, "");
  const whole = bare.includes("/") ? bare : `*/${bare}`;
  const found = names.filter((name) => fits(whole, formatName(name)));
  if (found.length > 0) return found;
  const component = bare.replace(/\/$/, "");
  const ofComponent = isComponent(component) ? names.filter((name) => name.component === component) : [];
  if (ofComponent.length > 0) return ofComponent;
  const meant = nearest(bare, bare.includes("/") ? names.map(formatName) : names.map(({ name }) => name));
  throw misused(
    `there is no configuration ${pattern}${meant === null ? "" : `; did you mean ${meant}?`} ('sr3 list' tells which there are)`,
  );
}

/** As a shell has it: `*`, `?` and `[...]`; a `*` does not go beyond a slash. */
function fits(pattern: string, text: string): boolean {
  const source = pattern.replaceAll(/\[(!?)([^\]]*)\]|[\s\S]/g, (piece, not: string | undefined, members: string | undefined) => {
    if (members !== undefined) return `[${not === "!" ? "^" : ""}${members.replaceAll(/[\\^[\]]/g, String.raw`\$&`)}]`;
    if (piece === "*") return "[^/]*";
    return piece === "?" ? "[^/]" : piece.replace(/[\\^$.|+(){}[\]/]/, String.raw`\$&`);
  });
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    // A range that is none (`[z-a]`) matches nothing.
    return false;
  }
}
