import { type RelPath, textOf } from "../../kernel/path.ts";

/** AMQP holds a routing key in a short string. */
const KEY_BYTES_MAX = 255;

/** The words before the path in a routing key; `["v03"]` unless the user says otherwise. */
export type TopicPrefix = readonly string[];
export const defaultPrefix: TopicPrefix = ["v03"];

/**
 * The routing key of a path: the prefix and the directories, joined by dots; the file's own name is not in it. `#` and
 * `*` would be wildcards in a binding: sr3 writes `%23` and `%22` for them (the second is not what the asterisk is in
 * a URL, and is kept, since both sides match on it). Dots and blanks stay, so that `c.d/x` has two levels.
 */
export function routingKeyOf(path: RelPath, prefix: TopicPrefix = defaultPrefix): { key: string; truncated: boolean } {
  const directories = path.split("/").slice(0, -1);
  const words = directories.map((name) =>
    textOf(name as RelPath)
      .replaceAll("#", "%23")
      .replaceAll("*", "%22"),
  );
  const whole = [...prefix, ...words].join(".");
  const bytes = Buffer.from(whole, "utf8");
  if (bytes.byteLength <= KEY_BYTES_MAX) return { key: whole, truncated: false };
  let end = KEY_BYTES_MAX;
  // Not within a character: its further bytes are 10xxxxxx.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return { key: bytes.toString("utf8", 0, end), truncated: true };
}

/** The binding key of a `subtopic`: `#` takes everything, `*.obs.#` what is two levels down in any `obs`. */
export function bindingKeyOf(subtopic: string, prefix: TopicPrefix = defaultPrefix): string {
  return [...prefix, ...subtopic.split("/")].join(".");
}
