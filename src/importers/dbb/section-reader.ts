import { kindOf, type Located, type LocatedMap } from "../../config/located.ts";
import { nearest } from "../../config/nearest.ts";
import type { Position } from "../../config/fault.ts";
import { quote } from "../../config/parsed.ts";
import type { At, Remarks } from "../remark.ts";

/** A value with its line. */
export type Read<T> = { value: T; at: At };

/** One map of a foreign YAML file, key by key. What is wrong is an error at its line; a key that nobody asked for is a note. */
export class SectionReader {
  readonly name: string;
  readonly at: At;
  readonly #map: LocatedMap | null;
  readonly #remarks: Remarks;
  readonly #file: string;
  readonly #asked = new Set<string>();

  /** @param map null: the section is not there. */
  constructor(file: string, name: string, map: Located | null, remarks: Remarks, near: Position) {
    this.name = name;
    this.#file = file;
    this.#remarks = remarks;
    this.at = { file, line: (map?.at ?? near).line };
    const isNothing = map === null || (map.kind === "scalar" && map.value === null);
    this.#map = map?.kind === "map" ? map : null;
    if (!isNothing && map.kind !== "map") remarks.error(this.at, `${name}: expected a map, found ${kindOf(map)}`);
  }

  get isThere(): boolean {
    return this.#map !== null;
  }

  /** undefined: it is not there, or null. */
  node(key: string): Located | undefined {
    this.#asked.add(key);
    const node = this.#map?.entries.get(key)?.node;
    return node === undefined || (node.kind === "scalar" && node.value === null) ? undefined : node;
  }

  lineOf(node: Located): At {
    return { file: this.#file, line: node.at.line };
  }

  section(key: string): SectionReader {
    return new SectionReader(this.#file, `${this.name}.${key}`, this.node(key) ?? null, this.#remarks, { line: this.at.line, column: 1 });
  }

  required(key: string): void {
    if (this.node(key) === undefined) this.#remarks.error(this.at, `${this.name}: the key ${quote(key)} is missing`);
  }

  /** A text, or a number as it is written. */
  text(key: string): Read<string> | null {
    const node = this.node(key);
    if (node === undefined) return null;
    if (node.kind === "scalar" && typeof node.value !== "boolean")
      return { value: typeof node.value === "string" ? node.value : node.source, at: this.lineOf(node) };
    return this.#wrong(key, node, "text");
  }

  whole(key: string, min: number): Read<number> | null {
    const node = this.node(key);
    if (node === undefined) return null;
    const value = node.kind === "scalar" ? node.value : null;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return { value, at: this.lineOf(node) };
    return this.#wrong(key, node, `a whole number from ${min}`);
  }

  oneOf(key: string, words: readonly string[]): Read<string> | null {
    const read = this.text(key);
    if (read === null || words.includes(read.value)) return read;
    const meant = nearest(read.value, words) ?? words.find((word) => word.toLowerCase() === read.value.toLowerCase());
    this.#remarks.error(read.at, `${this.name}.${key}: unknown value ${quote(read.value)}; expected ${words.join(", ")}`, meant);
    return null;
  }

  texts(key: string): Array<Read<string>> {
    const node = this.node(key);
    if (node === undefined) return [];
    if (node.kind !== "list") return this.#wrong(key, node, "a list") ?? [];
    return node.items.flatMap((item) => {
      if (item.kind === "scalar" && typeof item.value === "string") return [{ value: item.value, at: this.lineOf(item) }];
      this.#remarks.error(this.lineOf(item), `${this.name}.${key}: expected text, found ${kindOf(item)}`);
      return [];
    });
  }

  /** Every key that nobody has asked for, with its value. */
  rest(): Array<{ key: string; keyAt: At; node: Located }> {
    return [...(this.#map?.entries ?? [])]
      .filter(([key]) => !this.#asked.has(key))
      .map(([key, { keyAt, node }]) => ({ key, keyAt: { file: this.#file, line: keyAt.line }, node }));
  }

  /** The original passes them over in silence. */
  noteRest(): void {
    for (const { key, keyAt } of this.rest())
      this.#remarks.note(keyAt, `${this.name}: the key ${quote(key)} is unknown, and has no effect`, nearest(key, [...this.#asked]));
  }

  #wrong(key: string, node: Located, expected: string): null {
    this.#remarks.error(
      this.lineOf(node),
      `${this.name}.${key}: expected ${expected}, found ${node.kind === "scalar" ? node.source : kindOf(node)}`,
    );
    return null;
  }
}
