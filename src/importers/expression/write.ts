import type { Tree } from "./tree.ts";

/** Expressions that are looked for anywhere in a path, of which one matches exactly where the tree matches from its start. */
export function writeExpressions(tree: Tree): string[] {
  const options = tree.kind === "choice" ? tree.options : [tree];
  return options.map((option) => {
    const items = option.kind === "sequence" ? option.items : [option];
    return isAnything(items[0]) ? write({ kind: "sequence", items: items.slice(1) }) : `^${items.map(writeInside).join("")}`;
  });
}

function isAnything(tree: Tree | undefined): boolean {
  return tree?.kind === "repeat" && tree.min === 0 && tree.max === null && tree.of.kind === "one" && tree.of.text === ".";
}

export function write(tree: Tree): string {
  switch (tree.kind) {
    case "never":
      return "[]";
    case "empty":
      return "";
    case "one":
      return tree.text;
    case "start":
      return "^";
    case "end":
      return "$";
    case "sequence":
      return tree.items.map(writeInside).join("");
    case "choice":
      return tree.options.map(write).join("|");
    case "ahead":
      return `(?${tree.negative ? "!" : "="}${write(tree.of)})`;
    default:
      return `${tree.of.kind === "one" ? tree.of.text : `(?:${write(tree.of)})`}${times(tree.min, tree.max)}`;
  }
}

function writeInside(tree: Tree): string {
  return tree.kind === "choice" ? `(?:${write(tree)})` : write(tree);
}

function times(min: number, max: number | null): string {
  if (max === null) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
