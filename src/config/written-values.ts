import type { Json } from "./difference.ts";
import { formatDuration, formatSize } from "./units.ts";

export type WrittenKey = {
  /** As it is written in the file: `destination.keep_free`. */
  key: string;
  /** What of the canonical settings it gives: that path, and all below. */
  gives: string[];
  /** What is shown of it; else the first that it gives. */
  from?: string;
  show: (value: Json) => string;
};

export function valueAt(settings: Json, path: string): Json {
  return path.split(".").reduce<Json>((value, name) => part(value, name) ?? null, settings);
}

export function part(value: Json, name: string): Json | undefined {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isMap(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0;
}

/** As YAML on one line, nearly. */
export function text(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  if (isMap(value))
    return `{${Object.entries(value)
      .map(([name, item]) => `${name}: ${text(item)}`)
      .join(", ")}}`;
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function list(value: Json): string {
  return text(Array.isArray(value) ? value : []);
}

/** `/\.tmp$/u` was `\.tmp$`. */
export function expressions(value: Json): string {
  return `[${(Array.isArray(value) ? value : [])
    .map(
      (one) =>
        `'${text(one)
          .replace(/^\/(.*)\/[a-z]*$/s, "$1")
          .replaceAll(String.raw`\/`, "/")}'`,
    )
    .join(", ")}]`;
}

export function duration(value: Json): string {
  return typeof value === "number" ? formatDuration(value) : "off";
}

export function size(value: Json): string {
  return typeof value === "number" ? formatSize(value) : text(value);
}
