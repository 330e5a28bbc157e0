import type { FlowSettings } from "../flow/settings.ts";
import { type Bytes, bytesOf, show } from "../kernel/path.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** `path`: as the settings have it, `destination.lanesMax`. Undefined: that side does not have it. */
export type Difference = { path: string; before: Json | undefined; after: Json | undefined };

/** What these keys hold are byte strings; `show` gives each another text, so that nothing that differs looks the same. */
const byteKeys: ReadonlySet<string> = new Set([
  "root",
  "directory",
  "hold",
  "suffix",
  "marker",
  "journal",
  "credentialsFile",
  "caFile",
  "pathPrefix",
]);

/**
 * Settings as plain JSON: the same settings give the same text, however they were made, also in
 * another process. Throws for a kind of value that it does not know, rather than leave it out.
 */
export function canonical(settings: FlowSettings): Json {
  return plain(settings, "settings");
}

function plain(value: unknown, key: string): Json {
  switch (typeof value) {
    case "string":
      return byteKeys.has(key) ? show(value as Bytes) : value;
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : plainObject(value, key);
    default:
      throw new Error(`broken invariant: settings hold ${typeof value} at ${key}`);
  }
}

function plainObject(value: object, key: string): Json {
  if (value instanceof RegExp) return String(value);
  if (value instanceof Uint8Array) return show(bytesOf(value));
  if (Array.isArray(value)) return value.map((item) => plain(item, key));
  // A set has no order: the text of its members gives it one.
  if (value instanceof Set)
    return [...value].map((item) => plain(item, key)).toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b)));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new Error(`broken invariant: settings hold an object of a class at ${key}`);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([name, item]) => [name, plain(item, name)]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * What differs between two canonical settings, in the order of their keys. Lists differ as a whole,
 * and so do maps of different kinds (`retain`: keep, and then hold), whose keys say nothing apart.
 */
export function differences(a: Json, b: Json): Difference[] {
  return compareAt(a, b, "");
}

function compareAt(before: Json | undefined, after: Json | undefined, path: string): Difference[] {
  if (!isMap(before) || !isMap(after) || before["kind"] !== after["kind"])
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].toSorted(compare).flatMap((key) => compareAt(own(before, key), own(after, key), path === "" ? key : `${path}.${key}`));
}

function own(map: { [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
