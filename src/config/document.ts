import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar, type YAMLMap } from "yaml";
import { emptyMap, type Located, type LocatedEntry, type LocatedMap, kindOf } from "./located.ts";
import type { Path, Position, Report } from "./fault.ts";
import { quote } from "./parsed.ts";

/** The parser needs up to 9 s for a hostile MiB; a flow is 1 KiB. */
export const FILE_BYTES_MAX = 256 * 1024;
const DEPTH_MAX = 40;
/** Values that a node may stand for once its aliases are copied ("billion laughs"). */
const WEIGHT_MAX = 20_000;

/** Faults of the writing after which the rest still means what it says. */
const harmless = new Set(["BAD_DQ_ESCAPE", "TAG_RESOLVE_FAILED"]);

/**
 * The YAML text as located values; null where it is so broken that nothing more can be said about it. Never throws. `isForeign`: it is
 * another program's, whose parser may be less strict: what means the same to every parser is no fault then.
 */
export function readDocument(text: string, report: Report, { isForeign = false } = {}): Located | null {
  const hostile = findHostile(text);
  if (hostile !== null) {
    report({ at: hostile.at, path: [], message: hostile.message });
    return null;
  }
  const lineCounter = new LineCounter();
  // Duplicate keys are looked for in `map`, since the parser's own way is quadratic. The level makes it report a second document.
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false, logLevel: "error", resolveKnownTags: false });
  const place = (offset: number): Position => {
    const found = lineCounter.linePos(offset);
    return { line: Math.max(1, found.line), column: Math.max(1, found.col) };
  };
  let sound = true;
  for (const error of [...document.errors, ...(isForeign ? [] : document.warnings)]) {
    sound &&= harmless.has(error.code);
    report({ at: place(error.pos[0]), path: [], message: explainSyntax(error.code, error.message) });
  }
  if (!sound) return null;
  if (document.contents === null) return emptyMap({ line: 1, column: 1 });
  return new Locator(place, report).locate(document.contents, [], 0);
}

/** Control characters, which no editor writes and no terminal should get, and files that are far too large. */
function findHostile(text: string): { at: Position; message: string } | null {
  if (text.length > FILE_BYTES_MAX)
    return { at: { line: 1, column: 1 }, message: `the file is larger than ${FILE_BYTES_MAX / 1024} KiB: this is no configuration` };
  const control = /[^\t\n\r\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\u{10ffff}]/u.exec(text);
  if (control === null) return null;
  const before = text.slice(0, control.index).split("\n");
  const code = (control[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return {
    at: { line: before.length, column: before.at(-1)!.length + 1 },
    message: `the control character U+${code} is not allowed: is this a text file?`,
  };
}

/** The parser's words where they are good; ours where a beginner would not see what to do. */
function explainSyntax(code: string, message: string): string {
  switch (code) {
    case "BAD_DQ_ESCAPE":
      return `${message}: in double quotes a backslash begins an escape; put regular expressions in single quotes`;
    case "TAB_AS_INDENT":
      return "a tab is used to indent: YAML takes spaces only";
    case "RESOURCE_EXHAUSTION":
      return "the values are nested too deeply";
    case "MULTIPLE_DOCS":
      return "a second document begins here: a configuration is one document";
    case "TAG_RESOLVE_FAILED":
      return `${message}: tags are not used here`;
    default:
      return message;
  }
}

class Locator {
  readonly #place: (offset: number) => Position;
  readonly #report: Report;
  /** The latest value of each anchor so far, as YAML 1.2 §7.1 has it; null while it is being made. */
  readonly #anchors = new Map<string, Located | null>();

  #merged = 0;

  constructor(place: (offset: number) => Position, report: Report) {
    this.#place = place;
    this.#report = report;
  }

  locate(node: unknown, path: Path, depth: number, near: Position = { line: 1, column: 1 }): Located {
    const at = this.#at(node, near);
    if (depth > DEPTH_MAX) return this.#refuse(at, path, "the values are nested too deeply");
    if (isAlias(node)) return this.#alias(node.source, at, path);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, null);
    const located = this.#bound(this.#value(node, at, path, depth), path);
    if (anchor !== undefined) this.#anchors.set(anchor, located);
    return located;
  }

  #value(node: unknown, at: Position, path: Path, depth: number): Located {
    if (isMap(node)) return this.#map(node, at, path, depth);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => this.locate(item, [...path, index], depth + 1, at));
      return { kind: "list", items, at, weight: weigh(items) };
    }
    if (!isScalar(node)) return { kind: "scalar", value: null, source: "", plain: true, at, weight: 1 };
    const { value } = node;
    const source = node.source ?? "";
    const known = typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
    return { kind: "scalar", value: known, source, plain: node.type === Scalar.PLAIN, at, weight: 1 };
  }

  #map(node: YAMLMap, at: Position, path: Path, depth: number): Located {
    const own = new Map<string, LocatedEntry>();
    const merged: LocatedMap[] = [];
    for (const pair of node.items) {
      const keyAt = this.#at(pair.key, at);
      if (!isScalar(pair.key)) {
        this.#refuse(keyAt, path, "a key must be plain text");
        continue;
      }
      const key = pair.key.source ?? "";
      const value = this.locate(pair.value, [...path, key], depth + 1, keyAt);
      if (key === "<<" && pair.key.type === Scalar.PLAIN) merged.push(...this.#merges(value, path));
      else if (own.has(key)) this.#duplicate(key, keyAt, own.get(key)!.keyAt, path);
      else own.set(key, { keyAt, node: value });
    }
    return this.#merge(own, merged, at, path);
  }

  /** Own keys win over merged ones, and earlier merged maps over later ones. What is copied in a whole file is bounded. */
  #merge(own: Map<string, LocatedEntry>, merged: LocatedMap[], at: Position, path: Path): Located {
    for (const source of merged) {
      this.#merged += source.entries.size;
      if (this.#merged > WEIGHT_MAX) return this.#refuse(at, path, `merge keys copy more than ${WEIGHT_MAX} values`);
      for (const [key, entry] of source.entries) if (!own.has(key)) own.set(key, entry);
    }
    return { kind: "map", entries: own, at, weight: weigh([...own.values()].map((entry) => entry.node)) };
  }

  #merges(value: Located, path: Path): LocatedMap[] {
    const sources = value.kind === "list" ? value.items : [value];
    return sources.filter((source) => {
      if (source.kind !== "map") this.#refuse(value.at, [...path, "<<"], `only maps can be merged, not ${kindOf(source)}`);
      return source.kind === "map";
    });
  }

  #duplicate(key: string, at: Position, first: Position, path: Path): void {
    const what = path.length === 1 && path[0] === "flows" ? "flow" : "key";
    this.#report({
      at,
      path: [...path, key],
      about: "key",
      message: `the ${what} ${quote(key)} is already given in line ${first.line}`,
    });
  }

  #alias(name: string, at: Position, path: Path): Located {
    const target = this.#anchors.get(name);
    if (target === undefined) return this.#refuse(at, path, `no anchor &${name} stands before this alias`);
    if (target === null) return this.#refuse(at, path, `the alias *${name} contains itself`);
    return target;
  }

  #bound(node: Located, path: Path): Located {
    return node.weight <= WEIGHT_MAX
      ? node
      : this.#refuse(node.at, path, `with its aliases this stands for more than ${WEIGHT_MAX} values`);
  }

  #refuse(at: Position, path: Path, message: string): Located {
    this.#report({ at, path, message });
    return { kind: "refused", at, weight: 1 };
  }

  #at(node: unknown, near: Position): Position {
    const start = (node as Node | null | undefined)?.range?.[0];
    return start === undefined ? near : this.#place(start);
  }
}

function weigh(nodes: readonly Located[]): number {
  return nodes.reduce((sum, node) => sum + node.weight, 1);
}
