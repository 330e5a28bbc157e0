import * as z from "zod";
import { CONTENT_BYTES_MAX } from "../broker/messages/message.ts";
import { wireOfBytes } from "../broker/messages/untrusted-path.ts";
import type { PublishSettings, SourceSettings } from "../flow/settings.ts";
import { type Bytes, bytesOfText } from "../kernel/path.ts";
import { brokerKeys, brokerSettings, declare, exchange, prefix } from "./broker.ts";
import { size, textField } from "./fields.ts";
import { type LocalBase, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";

const URL_CHARACTERS_MAX = 2048;

/** Kept as it is written, since those who subscribe join it with the path as text. */
function parseBaseUrl(text: string): Parsed<string> {
  if (/[\p{Cc}\p{Cn}]/u.test(text) || text.length > URL_CHARACTERS_MAX)
    return bad(`a base URL has at most ${URL_CHARACTERS_MAX} characters, none of them a control character`);
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is.exec(text)?.[1];
  const at = authority?.lastIndexOf("@") ?? -1;
  if (authority !== undefined && at >= 0 && authority.slice(0, at).includes(":"))
    return bad("a password in the URL would be told to all who subscribe: leave it out, and change it if others could read this file");
  if (/^[/~]/.test(text)) return bad("a base URL has a scheme, such as file: or sftp:", text.includes("@") ? undefined : `file:${text}`);
  if (/^file:(?!$|\/|~\/)/i.test(text)) return bad("a file: URL has the whole path from /, or from the home as ~/");
  return /^(?:file:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text)
    ? good(text)
    : bad("a base URL begins with a scheme: file:/directory, sftp://host/directory, https://host/");
}

function parsePathPrefix(text: string): Parsed<string> {
  if (text.startsWith("/")) return bad("a relative path begins without /", text.replace(/^\/+/, ""));
  if (text.includes("\0") || text.split("/").includes("..") || text.startsWith("~"))
    return bad("a path prefix is a relative path, without .. and ~");
  return Buffer.byteLength(text) <= 2048 ? good(text) : bad("a path prefix has at most 2048 bytes");
}

const word = (title: string, example: string) =>
  textField({
    title,
    examples: [example],
    parse: (text) =>
      text === "" || text.length > 255 || /\p{Cc}/u.test(text)
        ? bad(`${title}: 1 to 255 characters, none of them a control character`)
        : good(text),
  });

/** The keys of `destination.publish` and of `announce`. */
export const publicationKeys = (says: { baseUrl: string; pathPrefix: string }) => ({
  ...brokerKeys,
  exchange: exchange.describe("The exchange that messages go to; with MQTT the first level of the topic."),
  split: z.int().min(1).max(100).prefault(1).describe("Spread over so many exchanges, by the file's digest: `NAME00`, `NAME01` and so on."),
  prefix,
  declare: declare("the exchange"),
  base_url: textField({ title: "URL", examples: ["sftp://hub/data", "file:/data"], parse: parseBaseUrl })
    .optional()
    .describe(`What the relative path of a message is below, for those who fetch it. ${says.baseUrl}`),
  path_prefix: textField({ title: "path", examples: ["home/bob"], parse: parsePathPrefix })
    .optional()
    .describe(`Stands before the relative path of each message. ${says.pathPrefix}`),
  source: word("name", "bob").optional().describe("Who announces. Default: the broker's user."),
  headers: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z_][\w.-]{0,63}$/)
        .meta({ title: "letters, digits, dots, - and _, at most 64" }),
      word("text", "north"),
    )
    .prefault({})
    .meta({ title: "map of names and texts" })
    .describe("Fields of your own in each message."),
  inline: size({ minBytes: 0, maxBytes: CONTENT_BYTES_MAX })
    .prefault("0B")
    .describe("Smaller files travel in the message itself; `0B`: none does."),
});

const schema = z.strictObject(
  publicationKeys({
    baseUrl: "Default: `file:` and the watched directory, `file:` for posts, and with `subscribe` that of the message.",
    pathPrefix: "Default: none; for posts the directory that they are named relative to.",
  }),
);

export const publish = schema.optional().describe("Instead of `url`: no file is moved, each change becomes a message to a broker.");

export type PublishValue = z.output<typeof schema>;

/** What a message's base URL and path begin with where nothing is written. */
export type PathOrigin = { baseUrl: string | null; pathPrefix: Bytes };

export function publishSettings(value: PublishValue, origin: PathOrigin, base: LocalBase): PublishSettings {
  return {
    broker: brokerSettings(value, base),
    exchange: value.exchange,
    split: value.split,
    topicPrefix: value.prefix,
    declare: value.declare,
    baseUrl: value.base_url === undefined ? origin.baseUrl : resolveUrl(value.base_url, base),
    pathPrefix:
      value.path_prefix === undefined ? (value.base_url === undefined ? origin.pathPrefix : noPrefix) : cleanPrefix(value.path_prefix),
    source: value.source ?? null,
    headers: value.headers,
    inlineMaxBytes: value.inline,
  };
}

const noPrefix = "" as Bytes;

function cleanPrefix(text: string): Bytes {
  return bytesOfText(
    text
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/"),
  );
}

function resolveUrl(text: string, base: LocalBase): string {
  return /^file:~/i.test(text) ? fileUrl(resolvePath(text.slice("file:".length), base)) : text;
}

/** As Sarracenia writes it: not encoded, the root as nothing. */
export function fileUrl(directory: Bytes): string {
  return directory === "/" ? "file:" : `file:${wireOfBytes(directory)}`;
}

/** What is watched is told of below its directory; posts are named from the root, as Sarracenia names them. */
export function originOf(source: SourceSettings): PathOrigin {
  switch (source.kind) {
    case "watched":
      return { baseUrl: fileUrl(source.root), pathPrefix: noPrefix };
    case "posted":
      return { baseUrl: "file:", pathPrefix: source.root.slice(1) as Bytes };
    case "subscribed":
    case "table":
      return { baseUrl: null, pathPrefix: noPrefix };
  }
}
