import type { Json } from "./difference.ts";
import { duration, isMap, part, text, type WrittenKey } from "./written-values.ts";

/** Each key of `destination.commands`, as those of other destinations. */
export const commandKeys: WrittenKey[] = [
  key("transfer", "transfer", template),
  key("remote", "remote", template),
  key("batch", "batchMax", text),
  key("timeout", "stillMs", (value) => (value === null ? "none" : duration(value))),
  key("journal", "journal", (value) => (value === null ? "none" : text(value))),
];

function key(name: string, setting: string, show: (value: Json) => string): WrittenKey {
  return {
    key: `destination.commands.${name}`,
    gives: [`destination.place.${setting}`],
    from: "destination.place",
    show: (place) => (part(place, "kind") === "commands" ? show(part(place, setting) ?? null) : "none"),
  };
}

export function commandDirectory(place: Json): string {
  return part(place, "kind") === "commands" ? text(part(place, "directory") ?? null) : "none";
}

/** With its parameters filled in. */
function template(value: Json): string {
  const words = part(value, "words");
  return (Array.isArray(words) ? words : [])
    .map((word) =>
      (Array.isArray(word) ? word : [])
        .map((piece) => (isMap(piece) && piece["kind"] === "place" ? `{${text(piece["place"] ?? null)}}` : text(part(piece, "text") ?? "")))
        .join(""),
    )
    .join(" ");
}
