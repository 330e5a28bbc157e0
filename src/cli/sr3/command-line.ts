import { createHash } from "node:crypto";
import { type Component, type ConfigurationName, formatName } from "../../importers/sr3/configuration-file.ts";
import type { Tree } from "../../importers/sr3/import-tree.ts";
import { canonicalName } from "../../importers/sr3/old-names.ts";
import { options } from "../../importers/sr3/options.ts";
import { configurationPath } from "../../importers/sr3/place-in-tree.ts";
import { HotdirError } from "../../kernel/errors.ts";
import { optionIn } from "./arguments.ts";

/** What `sr3_post` and `sr3_watch` are given. `lines`: options as a file would have them, which count last. */
export type Given = { configuration: string | null; lines: string[]; paths: string[] };

/** Forms of the command line only. */
const shortForms: Readonly<Record<string, string>> = {
  pb: "post_broker",
  pbd: "post_baseDir",
  pbu: "post_baseUrl",
  pe: "post_exchange",
  pex: "post_exchange",
  pxs: "post_exchangeSplit",
  to: "to_clusters",
};
/** What they say is of the process only, and there is none of its own. */
const passedOver: ReadonlySet<string> = new Set(["action", "count", "debug", "logLevel", "logStdout", "no", "wololo"]);

/** Throws `bad-usage` for an option that sr3 does not know either. */
export function readGiven(argv: readonly string[], component: Component): Given {
  const given: Given = { configuration: null, lines: [], paths: [] };
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === "--") return { ...given, paths: [...given.paths, ...argv.slice(at + 1)] };
    if (!/^--?[A-Za-z]/.test(word)) {
      given.paths.push(word);
      continue;
    }
    const { name: written, inline } = optionIn(word);
    const canonical = canonicalName(shortForms[written] ?? written, component);
    const option = canonical.kind === "option" ? options.get(canonical.name) : undefined;
    if (option === undefined) throw refused(component, `there is no option ${word}`);
    const value = option.type === "flag" ? (inline ?? "on") : (inline ?? argv[++at]);
    if (value === undefined) throw refused(component, `${word} wants a value`);
    if (option.name === "include") given.configuration = value;
    else if (option.name === "path") given.paths.push(value);
    else if (!passedOver.has(option.name)) given.lines.push(`${option.name} ${value}`);
  }
  return given;
}

/** The configuration's file with what the command line adds, as if it stood below it: a configuration of its own name. */
export function withLines(
  tree: Tree,
  component: Component,
  { configuration, lines }: Given,
): { tree: Tree; name: ConfigurationName; text: string | null } {
  const base = configuration === null ? null : { component, name: configuration.replace(/^(?:c?post|watch)\//, "").replace(/\.conf$/, "") };
  if (base !== null && !tree.names.some((name) => formatName(name) === formatName(base)))
    throw refused(component, `there is no configuration ${formatName(base)} in ${tree.root}`);
  if (lines.length === 0 && base !== null) return { tree, name: base, text: null };
  const text = `${lines.join("\n")}\n`;
  const mark = createHash("sha256").update(text).digest("hex").slice(0, 8);
  const name = { component, name: `${base?.name ?? "options"}-${mark}` };
  return { tree: overlaid(tree, name, base, text), name, text };
}

/** One whose lines were kept, read once more. */
export function overlaid(tree: Tree, name: ConfigurationName, base: ConfigurationName | null, text: string): Tree {
  const path = configurationPath(tree.root, name);
  const read: Tree["files"]["read"] = (wanted) => {
    if (wanted !== path) return tree.files.read(wanted);
    const below = base === null ? null : tree.files.read(configurationPath(tree.root, base));
    if (below !== null && below.kind !== "text") return below;
    return { kind: "text", text: `${below === null ? "" : below.text.replace(/\n?$/, "\n")}${text}` };
  };
  return { ...tree, names: [...tree.names, name], files: { ...tree.files, read } };
}

function refused(component: Component, detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: `sr3_${component}`, detail });
}
