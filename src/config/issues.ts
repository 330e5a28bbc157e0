import * as z from "zod";
import type { Path } from "./fault.ts";
import { nearest } from "./nearest.ts";
import { quote } from "./parsed.ts";

export type Problem = { path: Path; message: string; suggestion?: string | undefined };

/** zod's issues in our words. `title` says what the schema wants, `found` what the file has. */
export function explainIssue(issue: z.core.$ZodIssue, title: string, found: string): Problem {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  const input = issue.input;
  switch (issue.code) {
    case "invalid_type":
    case "invalid_union":
      return {
        path,
        message: `expected ${path.length > 0 ? expectedIn(issue) : title}, found ${path.length > 0 ? kindOfValue(input) : found}`,
      };
    case "invalid_value": {
      const values = issue.values.map(String);
      const word = typeof input === "string" ? input : undefined;
      const expected = path.length === 0 && title !== "" ? title : values.join(", ");
      if (word === undefined) return { path, message: `expected ${expected}, found ${path.length > 0 ? kindOfValue(input) : found}` };
      return {
        path,
        message: `unknown value ${quote(word)}; expected ${expected}`,
        suggestion: nearest(word, values) ?? undefined,
      };
    }
    case "too_small":
      if (issue.origin === "array") return { path, message: "the list is empty" };
      return { path, message: `${JSON.stringify(input)} is too small: at least ${issue.minimum}`, suggestion: String(issue.minimum) };
    case "too_big":
      if (issue.origin === "array") return { path, message: `the list is too long: at most ${issue.maximum}` };
      return { path, message: `${JSON.stringify(input)} is too large: at most ${issue.maximum}`, suggestion: String(issue.maximum) };
    case "custom":
      return {
        path,
        message: issue.message,
        suggestion: typeof issue.params?.["suggestion"] === "string" ? issue.params["suggestion"] : undefined,
      };
    default:
      return { path, message: issue.message };
  }
}

function expectedIn(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" ? typeName(issue.expected) : "another value";
}

function typeName(type: string): string {
  const names: Record<string, string> = {
    string: "text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "a map",
  };
  return names[type] ?? type;
}

function kindOfValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? "text" : typeof value === "number" ? "a number" : JSON.stringify(value);
}

/** What a schema wants, for people: its title, its words, or its type. */
export function titleOf(schema: z.core.$ZodType): string {
  const title = z.globalRegistry.get(schema)?.title;
  if (title !== undefined) return title;
  if (schema instanceof z.ZodEnum) return schema.options.join(", ");
  if (schema instanceof z.ZodLiteral) return [...schema.values].join(", ");
  if (schema instanceof z.ZodNumber) return wholeNumber(schema);
  if (schema instanceof z.ZodArray) return "a list";
  if (schema instanceof z.ZodObject) return `a map of ${Object.keys(schema.shape).join(", ")}`;
  if (schema instanceof z.ZodRecord) return "a map";
  if (schema instanceof z.ZodUnion) return schema.options.map(titleOf).join(", or ");
  return "another value";
}

function wholeNumber(schema: z.ZodNumber): string {
  return `a whole number from ${schema.minValue} to ${schema.maxValue}`;
}
