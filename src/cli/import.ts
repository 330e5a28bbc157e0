import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { renderFaults } from "../config/fault.ts";
import { parseConfiguration } from "../config/parse.ts";
import { nearest } from "../config/nearest.ts";
import { formatRemark } from "../importers/remark.ts";
import { type ConfigurationName, formatName, isComponent } from "../importers/sr3/configuration-file.ts";
import { type Imported, importTree, type Tree } from "../importers/sr3/import-tree.ts";
import { configurationDirectory } from "../importers/sr3/place-in-tree.ts";
import { readTree, treeAt } from "../importers/sr3/tree-on-disk.ts";
import { HotdirError } from "../kernel/errors.ts";
import { formatMany } from "../kernel/readable.ts";
import type { CliContext, Command } from "./command.ts";
import { defaultSsh } from "./locations.ts";

export const importCommand: Command = {
  name: "import",
  summary: "make a configuration of another program's: Sarracenia's (sr3), the DBB endpoint manager's (dbb)",
  usage:
    "hotdir import sr3 [PATH | COMPONENT/NAME]... [--without-broker] [--output FILE]\n       hotdir import dbb CONFIG... [--output FILE]",
  description: [
    "Reads sr3's configuration (default: $XDG_CONFIG_HOME/sr3) as it stands, and prints the YAML that equals it: behind each key the lines that it comes",
    "from, at the end what was assumed and what was not carried over. Each configuration becomes a flow that publishes to, or takes from, the exchanges",
    "and queues that sr3 has. With --without-broker a watch (or post) and a sender that meet on an exchange become one flow. A line that cannot be carried over, and one that sr3 itself would pass over in silence, ends it with 2, and nothing is written.",
    "",
    "dbb reads a configuration of endmgr: the finder's becomes a flow, which ingests as well where the ingester's is named beside it.",
  ].join("\n"),
  options: {
    "without-broker": { type: "boolean", says: "join each watch or post with the senders that it meets: no RabbitMQ between them" },
    output: { type: "string", short: "o", value: "FILE", says: "write into this file, which must not be there yet, and print the notes" },
  },
  positionals: { min: 1, max: Infinity },
  examples: [
    { command: "hotdir import sr3", does: "print what ~/.config/sr3 does, as a configuration, over the same broker" },
    { command: "hotdir import sr3 --without-broker", does: "the same without one: what is watched here and sent from here" },
    {
      command: "hotdir import sr3 sender/to_hpfx --without-broker -o hotdir.yaml",
      does: "one sender, with the watch that feeds it, into a file",
    },
  ],
  exits: [],
  async run(args, context) {
    const [system = "", ...what] = args.positionals;
    if (system === "dbb") return await importDbb(what, args.values["output"], context);
    if (system !== "sr3") throw usage(`${JSON.stringify(system)} is no program whose configurations are read: sr3 and dbb are`);
    const chosen = choose(what, context);
    const withoutBroker = args.values["without-broker"] === true;
    const output = args.values["output"];
    if (typeof output === "string" && existsSync(output)) throw usage(`${output} is there already, and is left as it is`);
    const wanted = chosen.wanted.length === 0 ? null : (name: ConfigurationName): boolean => chosen.wanted.includes(formatName(name));
    const imported = importTree(chosen.tree, wanted, { withoutBroker });
    const left = imported.alone.map(({ name, why }) => `${formatName(name)} is left out: ${why}`);
    for (const line of left) context.stderr.write(`hotdir: ${line}\n`);
    if (imported.yaml === null) return refuse(imported, { root: chosen.tree.root, withoutBroker }, context);
    check(imported.yaml, typeof output === "string" ? output : "hotdir.yaml", context);
    if (typeof output === "string") {
      mkdirSync(dirname(output), { recursive: true });
      // Another may have made it meanwhile.
      writeFileSync(output, imported.yaml, { flag: "wx" });
      context.stdout.write(
        `Wrote ${output}: ${formatMany(imported.flows.length, "flow")} (${imported.flows.join(", ")}).\n${notes(imported)}`,
      );
    } else context.stdout.write(imported.yaml);
    // Who names a configuration wants that one.
    return chosen.wanted.length > 0 && left.length > 0 ? 2 : 0;
  },
};

async function importDbb(what: string[], output: unknown, context: CliContext): Promise<number> {
  const { areOfEndpoint, importEndpointFiles } = await import("./endmgr/import.ts");
  if (what.length === 0) throw usage("which configuration? 'hotdir import dbb CONFIG...'");
  if (!areOfEndpoint(what)) throw usage(`${what.join(", ")}: no configuration of a finder, an ingester or a backfill`);
  return await importEndpointFiles(what, typeof output === "string" ? output : null, context);
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
      throw usage(`there is no configuration of sr3 in ${own}; hotdir import sr3 PATH reads another`);
    if (found === null)
      throw usage(
        `${word} is neither a configuration directory of sr3 (with default.conf, watch, sender ...), nor a file in one, nor COMPONENT/NAME of ${own}`,
      );
    return { root: found.root, pattern: found.name === null ? null : formatName(found.name) };
  });
  const roots = [...new Set(places.map(({ root }) => root))];
  if (roots.length > 1) throw usage(`${roots.join(" and ")} are different configuration directories: import them one after the other`);
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
  throw usage(`there is no configuration ${pattern}${meant === null ? "" : `; did you mean ${meant}?`}`);
}

function refuse(imported: Imported, { root, withoutBroker }: { root: string; withoutBroker: boolean }, context: CliContext): number {
  const errors = imported.remarks.filter(({ kind }) => kind === "error");
  for (const remark of errors) context.stderr.write(`${formatRemark(remark)}\n`);
  const nothing = withoutBroker ? `no watch or post meets a sender in ${root}` : `there is nothing in ${root} that a flow can be made of`;
  const why = errors.length > 0 ? `${formatMany(errors.length, "line")} cannot be carried over` : nothing;
  context.stderr.write(`hotdir: nothing was written: ${why}\n`);
  return 2;
}

/** What is printed is what the loader takes, or it is not printed. */
function check(yaml: string, file: string, context: CliContext): void {
  const parsed = parseConfiguration(yaml, file, { env: {}, homeDirectory: context.homeDirectory, defaultSsh: defaultSsh(context) });
  if (!parsed.ok)
    throw new HotdirError("bad-configuration", {
      operation: "import",
      detail: `what the lines come to is no good flow:\n${renderFaults(parsed.faults)}`,
    });
}

function notes(imported: Imported): string {
  return imported.remarks.map((remark) => `- ${formatRemark(remark)}\n`).join("");
}

function usage(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "import", detail });
}
