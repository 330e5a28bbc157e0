import type { Report } from "./fault.ts";
import type { Located } from "./located.ts";
import { nearest } from "./nearest.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
/** Fills variables into a text; `filled` tells whether there were any. What `later` knows stays as it is written. */
export type Expand = (text: string, later?: (name: string) => boolean) => Parsed<{ text: string; filled: boolean }>;

/** Variables that hold variables grow fast. */
const TEXT_CHARACTERS_MAX = 16 * 1024;
const reference = /\$\$\{|\$\{([^{}$]*)\}|\$\{/g;

/** Reads `vars:`, in its order: each may use those above it, and the environment. */
export function readVariables(vars: Located | undefined, environment: Environment, report: Report): Expand {
  const known = new Map<string, string>();
  const expand: Expand = (text, later) => fill(text, known, environment, later);
  if (vars === undefined || vars.kind === "refused") return expand;
  if (vars.kind !== "map") {
    report({ at: vars.at, path: ["vars"], message: "expected a map of names and values" });
    return expand;
  }
  for (const [name, { keyAt, node }] of vars.entries) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      report({
        at: keyAt,
        path: ["vars", name],
        about: "key",
        message: `a variable's name has letters, digits and _ only, not ${quote(name)}`,
      });
    }
    const value = node.kind === "scalar" && node.value !== null ? expand(node.source) : bad("a variable is one text or number");
    if (!value.ok && node.kind !== "refused")
      report({ at: node.at, path: ["vars", name], message: value.message, suggestion: value.suggestion });
    // A variable with a fault is known all the same: its uses are no further faults.
    known.set(name, value.ok ? value.value.text : "");
  }
  return expand;
}

/** `${NAME}` from `vars:`, else from the environment; `$${` is a literal `${`. A lone `$`, as in regular expressions, stays. */
function fill(
  text: string,
  known: ReadonlyMap<string, string>,
  environment: Environment,
  later: ((name: string) => boolean) | undefined,
): Parsed<{ text: string; filled: boolean }> {
  let filled = "";
  let end = 0;
  for (const match of text.matchAll(reference)) {
    filled += text.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === "$${") filled += "${";
    else if (match[1] !== undefined && later?.(match[1]) === true) filled += match[0];
    else if (match[1] === undefined || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(match[1]))
      return bad("a variable is written ${NAME}, with letters, digits and _; a literal ${ is written $${");
    else {
      const value = known.get(match[1]) ?? (Object.hasOwn(environment, match[1]) ? environment[match[1]] : undefined);
      if (value === undefined) return unknown(match[1], known);
      filled += value;
    }
    if (filled.length > TEXT_CHARACTERS_MAX) return bad(`with its variables this is longer than ${TEXT_CHARACTERS_MAX} characters`);
  }
  return good({ text: filled + text.slice(end), filled: end > 0 });
}

function unknown(name: string, known: ReadonlyMap<string, string>): Parsed<never> {
  const meant = nearest(name, known.keys());
  return bad(`the variable ${name} is neither in vars nor in the environment`, meant === null ? undefined : `\${${meant}}`);
}
