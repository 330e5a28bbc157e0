/** A regular expression. `one` matches one character; `text` is how JavaScript writes it. */
export type Tree =
  | { kind: "never" }
  | { kind: "empty" }
  | { kind: "one"; text: string }
  | { kind: "sequence"; items: readonly Tree[] }
  | { kind: "choice"; options: readonly Tree[] }
  | { kind: "repeat"; of: Tree; min: number; max: number | null }
  | { kind: "start" }
  | { kind: "end" }
  | { kind: "ahead"; negative: boolean; of: Tree };

export const never: Tree = { kind: "never" };
export const empty: Tree = { kind: "empty" };
/** Whatever follows, over line ends. */
export const anything: Tree = { kind: "repeat", of: { kind: "one", text: "[^]" }, min: 0, max: null };

export function sequence(...items: readonly Tree[]): Tree {
  const flat = items.flatMap((item) => (item.kind === "sequence" ? item.items : item.kind === "empty" ? [] : [item]));
  if (flat.some((item) => item.kind === "never")) return never;
  if (flat.length <= 1) return flat[0] ?? empty;
  return { kind: "sequence", items: flat };
}

/** Each option once, in order. */
export function choice(...given: readonly Tree[]): Tree {
  const flat = given.flatMap((option) => (option.kind === "choice" ? option.options : option.kind === "never" ? [] : [option]));
  const options = [...new Map(flat.map((option) => [JSON.stringify(option), option])).values()];
  if (options.length <= 1) return options[0] ?? never;
  return { kind: "choice", options };
}

export function repeat(of: Tree, min: number, max: number | null): Tree {
  if (max === 0 || of.kind === "empty") return empty;
  if (of.kind === "never") return min === 0 ? empty : never;
  return min === 1 && max === 1 ? of : { kind: "repeat", of, min, max };
}

export function ahead(of: Tree, negative: boolean): Tree {
  if (of.kind === "never") return negative ? empty : never;
  return { kind: "ahead", negative, of };
}

/** Whether a place counts in it: the start, the end, what follows. */
export function hasPlaces(tree: Tree): boolean {
  switch (tree.kind) {
    case "start":
    case "end":
    case "ahead":
      return true;
    case "sequence":
      return tree.items.some(hasPlaces);
    case "choice":
      return tree.options.some(hasPlaces);
    case "repeat":
      return hasPlaces(tree.of);
    default:
      return false;
  }
}
