import { nearest } from "../../config/nearest.ts";
import { formatRemark } from "../../importers/remark.ts";
import { type ConfigurationName, formatName, isComponent } from "../../importers/sr3/configuration-file.ts";
import { type Imported, importTree, type Tree } from "../../importers/sr3/import-tree.ts";
import { configurationDirectory } from "../../importers/sr3/place-in-tree.ts";
import { readTree, treeAt } from "../../importers/sr3/tree-on-disk.ts";
import { formatMany } from "../../kernel/readable.ts";
import type { CliContext } from "../command.ts";
import { checkOutput, misused, writeImported } from "./output.ts";

/** `import sr3`: what is named, of one directory, to YAML; the exit status. */
export function importSr3(what: string[], options: { withoutBroker: boolean; output: string | null }, context: CliContext): number {
  const { withoutBroker, output } = options;
  const chosen = choose(what, context);
  checkOutput(output);
  const wanted = chosen.wanted.length === 0 ? null : (name: ConfigurationName): boolean => chosen.wanted.includes(formatName(name));
  const imported = importTree(chosen.tree, wanted, { withoutBroker });
  const left = imported.alone.map(({ name, why }) => `${formatName(name)} is left out: ${why}`);
  for (const line of left) context.stderr.write(`hotdir: ${line}\n`);
  const { yaml, flows, remarks } = imported;
  if (yaml === null) return refuse(imported, { root: chosen.tree.root, withoutBroker }, context);
  writeImported({ yaml, flows, remarks }, output, context);
  // Who names a configuration wants that one.
  return chosen.wanted.length > 0 && left.length > 0 ? 2 : 0;
}

type Chosen = { tree: Tree; wanted: string[] };

/** One directory of sr3's, and the configurations of it that are wanted: none named is all. */
function choose(what: string[], context: CliContext): Chosen {
  const own = configurationDirectory(context.env, context.homeDirectory);
  const places = (what.length === 0 ? [own] : what).map((word) => {
    const [component = "", name, more] = word.split("/");
    if (isComponent(component) && name !== undefined && more === undefined)
      return { root: own, pattern: `${component}/${name.replace(/\.conf$/, "")}` };
    const found = treeAt(word);
    if (found === null && what.length === 0)
      throw misused(`there is no configuration of sr3 in ${own}; hotdir import sr3 PATH reads another`);
    if (found === null)
      throw misused(
        `${word} is neither a configuration directory of sr3 (with default.conf, watch, sender ...), nor a file in one, nor COMPONENT/NAME of ${own}`,
      );
    return { root: found.root, pattern: found.name === null ? null : formatName(found.name) };
  });
  const roots = [...new Set(places.map(({ root }) => root))];
  if (roots.length > 1) throw misused(`${roots.join(" and ")} are different configuration directories: import them one after the other`);
  const tree = readTree(roots[0] ?? own, context);
  const patterns = places.flatMap(({ pattern }) => (pattern === null ? [] : [pattern]));
  return { tree, wanted: patterns.flatMap((pattern) => matching(pattern, tree.names)) };
}

/** As sr3 takes them: `sender/*` is all senders. */
function matching(pattern: string, names: readonly ConfigurationName[]): string[] {
  const known = names.map(formatName);
  const expression = new RegExp(
    `^${pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
  const found = known.filter((name) => expression.test(name));
  if (found.length > 0) return found;
  const meant = nearest(pattern, known);
  throw misused(`there is no configuration ${pattern}${meant === null ? "" : `; did you mean ${meant}?`}`);
}

function refuse(imported: Imported, { root, withoutBroker }: { root: string; withoutBroker: boolean }, context: CliContext): number {
  const errors = imported.remarks.filter(({ kind }) => kind === "error");
  for (const remark of errors) context.stderr.write(`${formatRemark(remark)}\n`);
  const nothing = withoutBroker ? `no watch or post meets a sender in ${root}` : `there is nothing in ${root} that a flow can be made of`;
  const why = errors.length > 0 ? `${formatMany(errors.length, "line")} cannot be carried over` : nothing;
  context.stderr.write(`hotdir: nothing was written: ${why}\n`);
  return 2;
}
