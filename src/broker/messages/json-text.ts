/**
 * JSON as Sarracenia prints it: a blank after each comma and colon, ASCII only (`\u00e9`), keys in the order they came
 * in. What we do not know in a message is passed on as it came, numbers too.
 */

/** A number that JavaScript would print otherwise (`1.0`, more than 53 bits); it keeps its text. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A body of a megabyte could nest half a million times; ours and Sarracenia's go four levels deep. */
const DEPTH_MAX = 32;

const unfaithful = /[:[,]\s*-?\d+(?:[.eE]|\d{14})|-0/;

/** The object that the text holds; null where it holds something else, or nests too deep. Throws where it is no JSON. */
export function parseJsonObject(text: string): Record<string, unknown> | null {
  const value: unknown = unfaithful.test(text)
    ? JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
  return isObject(value) && !(value instanceof NumberText) && isShallow(value, DEPTH_MAX) ? value : null;
}

function keepNumbers(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== "number" || context.source === undefined || String(value) === context.source) return value;
  return new NumberText(context.source);
}

export function writeJson(value: unknown): string {
  if (value instanceof NumberText) return value.text;
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join(", ")}]`;
  if (isObject(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${quote(name)}: ${writeJson(member)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return /[^\x20-\x7e]/.test(quoted) ? quoted.replaceAll(/[^\x20-\x7e]/g, escaped) : quoted;
}

/** Without the `u` flag a regular expression sees UTF-16 units, as Python's escapes are. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}
