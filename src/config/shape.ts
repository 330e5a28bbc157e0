import * as z from "zod";
import { argument, laterVariables } from "./fields.ts";
import type { FaultDraft, Path, Position, Report } from "./fault.ts";
import { explainIssue, titleOf } from "./issues.ts";
import {
  emptyMap,
  kindOf,
  type Located,
  type LocatedList,
  type LocatedMap,
  type LocatedScalar,
  positionOf,
  writtenText,
} from "./located.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./parsed.ts";
import type { Expand } from "./variables.ts";

/** `origin` is called for each value: `at` is null for a default. */
export type ShapeContext = { expand: Expand; report: Report; origin: (path: Path, written: string, at: Position | null) => void };

/** All that passed; a value with a fault is left out. What was written as one text (such a type has a `kind`) is whole or missing. */
export type Partially<T> = T extends string | readonly unknown[] | { kind: string }
  ? T
  : T extends object
    ? { [Key in keyof T]?: Partially<T[Key]> }
    : T;

/**
 * Checks a value against a schema key by key, so that a fault in one place hides none in another.
 * (`safeParse` alone gives no value where there is a fault, and rules that need several values would
 * not run.) Undefined where the value itself has a fault. Where nothing was reported the value is whole.
 */
export function checkShape<Schema extends z.core.$ZodType>(
  schema: Schema,
  node: Located,
  path: Path,
  context: ShapeContext,
): Partially<z.output<Schema>> | undefined {
  // Each leaf is the output of its own schema, and each map has the keys of its shape.
  return checkNode(schema, node, path, context) as Partially<z.output<Schema>> | undefined;
}

function checkNode(schema: z.core.$ZodType, node: Located, path: Path, context: ShapeContext): unknown {
  if (node.kind === "refused") return undefined;
  if (node.kind === "scalar" && node.value === null && node.source !== "") return fail(context, node, path, emptyAdvice(node));
  if (node.kind === "scalar" && node.value === null) return fail(context, node, path, "has no value: give it one, or leave the key out");
  const inner = unwrap(schema);
  const options = inner instanceof z.ZodUnion ? inner.options : [inner];
  const map = options.find((option) => option instanceof z.ZodObject || option instanceof z.ZodRecord);
  if (node.kind === "map" && map instanceof z.ZodObject) return checkMap(map, node, path, context);
  if (node.kind === "map" && map instanceof z.ZodRecord) return checkRecord(map, node, path, context);
  const list = options.find(isListOfMaps);
  if (node.kind === "list" && list !== undefined) return checkList(list, node, path, context);
  const leaves = options.filter((option) => option !== map && option !== list);
  const leaf = leaves.length === 1 && leaves[0] !== undefined ? leaves[0] : inner;
  return checkLeaf(leaf, node, path, context, titleOf(inner));
}

/** `~` alone and `null` are YAML's nothing, which nobody means. */
function emptyAdvice(node: LocatedScalar): string {
  return node.source === "~" ? "a lone ~ means nothing in YAML: write ~/ for the home" : "has no value: give it one, or leave the key out";
}

function checkMap(schema: z.ZodObject, node: LocatedMap, path: Path, context: ShapeContext): Record<string, unknown> {
  const { shape } = schema;
  const value: Record<string, unknown> = {};
  const meant = new Set<string>();
  for (const [key, entry] of node.entries) {
    if (Object.hasOwn(shape, key)) continue;
    const suggestion = nearest(key, Object.keys(shape)) ?? undefined;
    if (suggestion !== undefined) meant.add(suggestion);
    const message = `unknown key ${quote(key)}${suggestion === undefined ? ` (known: ${Object.keys(shape).join(", ")})` : ""}`;
    context.report({ at: entry.keyAt, path: [...path, key], about: "key", message, suggestion });
  }
  for (const [key, child] of Object.entries(shape)) {
    const entry = node.entries.get(key);
    if (entry === undefined && meant.has(key)) continue;
    const checked =
      entry === undefined ? checkMissing(child, node, [...path, key], context) : checkNode(child, entry.node, [...path, key], context);
    if (checked !== undefined) value[key] = checked;
  }
  return value;
}

/** The default, or a fault where there is none. */
function checkMissing(schema: z.core.$ZodType, map: LocatedMap, path: Path, context: ShapeContext): unknown {
  const inner = unwrap(schema);
  const parsed = z.safeParse(schema, undefined);
  if (!parsed.success) {
    context.report({ at: map.at, path, about: "key", message: `the key "${path.at(-1)}" is missing` });
    return undefined;
  }
  if (parsed.data === undefined) return undefined;
  if (inner instanceof z.ZodObject) return checkMap(inner, emptyMap(map.at), path, context);
  context.origin(path, flowText(defaultOf(schema)), null);
  return parsed.data;
}

function checkRecord(schema: z.ZodRecord, node: LocatedMap, path: Path, context: ShapeContext): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) {
    if (!z.safeParse(schema.keyType, key).success) {
      context.report({
        at: entry.keyAt,
        path: [...path, key],
        about: "key",
        message: `${quote(key)} is no name: expected ${titleOf(schema.keyType)}`,
      });
    }
    const checked = checkNode(schema.valueType, entry.node, [...path, key], context);
    if (checked !== undefined) value[key] = checked;
  }
  return value;
}

function isListOfMaps(schema: z.core.$ZodType): schema is z.ZodArray {
  return schema instanceof z.ZodArray && unwrap(schema.element) instanceof z.ZodObject;
}

/** Each map of the list by itself, for what is wrong in it; undefined where anything is. The list's origin is the whole of it. */
function checkList(schema: z.ZodArray, node: LocatedList, path: Path, context: ShapeContext): unknown[] | undefined {
  let faults = 0;
  const report: Report = (fault) => {
    faults++;
    context.report(fault);
  };
  // How many there may be is a check of the list, whatever its members are.
  const counted = z.safeParse(schema.clone({ ...schema.def, element: z.unknown() }), node.items);
  for (const issue of counted.success ? [] : counted.error.issues)
    report({ at: node.at, path, message: explainIssue(issue, titleOf(schema), kindOf(node)).message });
  const items = node.items.map((item, at) =>
    checkNode(schema.element, item, [...path, at], { ...context, report, origin: () => undefined }),
  );
  if (faults > 0) return undefined;
  context.origin(path, writtenText(node), node.at);
  return items;
}

function checkLeaf(schema: z.core.$ZodType, node: Located, path: Path, context: ShapeContext, title: string): unknown {
  const written = readings(node, path, context, laterVariables.get(schema));
  if (written === null) return undefined;
  const results = written.map((reading) => z.safeParse(schema, reading, { reportInput: true }));
  const success = results.find((result) => result.success);
  if (success) {
    context.origin(path, writtenText(node), node.at);
    return success.data;
  }
  const failures = results.flatMap((result) => (result.success ? [] : [result.error.issues]));
  // A reading of the right type tells more than that the first one was of the wrong type.
  const issues = failures.find((list) => list.every((issue) => issue.code !== "invalid_type")) ?? failures[0] ?? [];
  for (const issue of issues) {
    const problem = explainIssue(issue, title, kindOf(node));
    context.report({
      at: positionOf(node, problem.path, "value"),
      path: [...path, ...problem.path],
      message: problem.message,
      suggestion: problem.suggestion ?? (problem.path.length === 0 ? listOf(schema, node) : undefined),
    });
  }
  return undefined;
}

/** One text where a list is wanted: a command is taken apart at its spaces. */
function listOf(schema: z.core.$ZodType, node: Located): string | undefined {
  if (!(schema instanceof z.ZodArray) || node.kind !== "scalar") return undefined;
  return schema.element === argument ? `[${node.source.trim().split(/\s+/).join(", ")}]` : `['${node.source.replaceAll("'", "''")}']`;
}

/**
 * The ways to read a leaf, best first: as YAML has it; numbers as the text that was written
 * (`[ssh, -p, 2222]`, `rescan: 10`); unquoted text that was filled from a variable as a number.
 * Null where a variable is unknown, which is reported.
 */
function readings(node: Located, path: Path, context: ShapeContext, later?: (name: string) => boolean): unknown[] | null {
  const faults: FaultDraft[] = [];
  const seen = { numbers: false, filled: false };
  const read = (of: Located, at: Path, how: "yaml" | "text" | "number"): unknown => {
    if (of.kind === "list") return of.items.map((item, index) => read(item, [...at, index], how));
    if (of.kind === "map") return Object.fromEntries([...of.entries].map(([key, entry]) => [key, read(entry.node, [...at, key], how)]));
    if (of.kind === "refused") return undefined;
    if (typeof of.value === "number") seen.numbers = true;
    if (typeof of.value === "number" && how === "text") return of.source;
    if (typeof of.value !== "string") return of.value;
    const text = context.expand(of.value, later);
    if (!text.ok) {
      faults.push({ at: of.at, path: at, message: text.message, suggestion: text.suggestion });
      return "";
    }
    seen.filled ||= text.value.filled && of.plain;
    return how === "number" && of.plain && text.value.filled ? scalarOf(text.value.text) : text.value.text;
  };
  const found = [read(node, path, "yaml")];
  if (faults.length > 0) {
    for (const fault of faults) context.report(fault);
    return null;
  }
  if (seen.numbers) found.push(read(node, path, "text"));
  if (seen.filled) found.push(read(node, path, "number"));
  return found;
}

function scalarOf(text: string): string | number | boolean {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return text === "true" ? true : text === "false" ? false : text;
}

function fail(context: ShapeContext, node: Located, path: Path, message: string): undefined {
  context.report({ at: node.at, path, message });
}

/** Without default and optional. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}

function defaultOf(schema: z.core.$ZodType): unknown {
  return schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}

/** A default as it would be written on one line. */
function flowText(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(", ")}]` : typeof value === "string" ? value : JSON.stringify(value);
}
