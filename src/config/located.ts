import { never } from "../kernel/errors.ts";
import type { Path, Position } from "./fault.ts";

/**
 * A YAML value that knows where it stands. Aliases are resolved: the same node may hang in several
 * places, so that the whole is a graph without cycles. `weight` counts the values below it, as often
 * as they would be copied; it is bounded where the graph is made.
 */
export type Located = LocatedScalar | LocatedList | LocatedMap | Refused;
/** A fault was reported for it already; nothing more is said about it. */
export type Refused = { kind: "refused"; at: Position; weight: number };
export type LocatedScalar = {
  kind: "scalar";
  value: string | number | boolean | null;
  /** As it is written in the file. */
  source: string;
  /** Without quotes: `${LANES}` in it may stand for a number. */
  plain: boolean;
  at: Position;
  weight: number;
};
export type LocatedList = { kind: "list"; items: Located[]; at: Position; weight: number };
export type LocatedMap = { kind: "map"; entries: Map<string, LocatedEntry>; at: Position; weight: number };
export type LocatedEntry = { keyAt: Position; node: Located };

export function emptyMap(at: Position): LocatedMap {
  return { kind: "map", entries: new Map(), at, weight: 1 };
}

/** For people. */
export function kindOf(node: Located): string {
  if (node.kind === "list") return "a list";
  if (node.kind === "map") return "a map";
  if (node.kind === "refused") return "a fault";
  if (node.value === null) return "nothing";
  return typeof node.value === "string" ? "text" : typeof node.value === "number" ? "a number" : `${node.value}`;
}

/** The node at the path; undefined where the file has none. */
export function nodeAt(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root;
  for (const part of path) {
    if (node?.kind === "map") node = node.entries.get(String(part))?.node;
    else if (node?.kind === "list") node = node.items[Number(part)];
    else return undefined;
  }
  return node;
}

/** Where a fault at the path points: its value, or the key of the nearest map above that the file has. */
export function positionOf(root: Located, path: Path, about: "key" | "value"): Position {
  let node: Located = root;
  let at = root.at;
  for (const [index, part] of path.entries()) {
    if (node.kind === "list") {
      const item: Located | undefined = node.items[Number(part)];
      if (item === undefined) return at;
      node = item;
      at = item.at;
      continue;
    }
    const entry: LocatedEntry | undefined = node.kind === "map" ? node.entries.get(String(part)) : undefined;
    if (entry === undefined) return at;
    node = entry.node;
    at = index === path.length - 1 && about === "value" ? entry.node.at : entry.keyAt;
  }
  return at;
}

/** As YAML on one line, as it is written in the file: variables are not filled in, since they may be secrets. */
export function writtenText(node: Located): string {
  switch (node.kind) {
    case "scalar":
      return node.source;
    case "list":
      return `[${node.items.map(writtenText).join(", ")}]`;
    case "map":
      return `{${[...node.entries].map(([key, entry]) => `${key}: ${writtenText(entry.node)}`).join(", ")}}`;
    case "refused":
      return "";
    default:
      return never(node);
  }
}
