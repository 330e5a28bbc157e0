import type { Json } from "./difference.ts";
import { duration, isMap, part, text, type WrittenKey } from "./written-values.ts";

const orNone =
  (show: (value: Json) => string) =>
  (value: Json): string =>
    value === null ? "none" : show(value);

/** Of a source whose queue is a table. */
export const tableKeys: WrittenKey[] = [
  { key: "source.table.database", gives: ["source.database"], show: orNone(text) },
  { key: "source.table.name", gives: ["source.table"], show: orNone(text) },
  { key: "source.table.where", gives: ["source.where"], show: orNone(conditions) },
  { key: "source.table.columns", gives: ["source.columns"], show: orNone(text) },
  { key: "source.table.algorithm", gives: ["source.algorithm"], show: orNone(text) },
  { key: "source.table.poll", gives: ["source.pollMs"], show: orNone(duration) },
];

function conditions(value: Json): string {
  const pairs = Array.isArray(value) ? value.filter(isMap) : [];
  return `{${pairs.map((pair) => `${text(part(pair, "column") ?? null)}: ${text(part(pair, "value") ?? null)}`).join(", ")}}`;
}
