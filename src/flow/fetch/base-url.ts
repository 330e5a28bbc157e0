import { HotdirError } from "../../kernel/errors.ts";
import { absPath, type AbsPath, type Bytes, bytesOfText, type RelPath } from "../../kernel/path.ts";

/** What the base URL of a message names. */
export type BaseUrl =
  | { kind: "file"; directory: AbsPath }
  /** `directory`: absolute, or relative to the remote home, which is "". */
  | { kind: "sftp"; host: string; user: string | null; port: number | null; directory: Bytes }
  /** `prefix`: the path of the URL as it is written, without a slash at its end. `user`: to look credentials up by. */
  | { kind: "http"; tls: boolean; host: string; port: number | null; user: string | null; prefix: string };

/** Longer ones are no places. */
const URL_CHARACTERS_MAX = 8192;

/**
 * Reads the base URL of a message, which is anybody's text. Percent escapes of `sftp:` are bytes, as in a destination; in
 * `file:` a `%` is a `%`, as Sarracenia writes it. Throws `origin-unusable`; nothing between `//` and `@` is ever repeated.
 */
export function readBaseUrl(text: string): BaseUrl {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text.length > URL_CHARACTERS_MAX ? "" : text) ?? [];
  switch (scheme.toLowerCase()) {
    case "file":
      return readFile(rest);
    case "sftp":
    case "ssh":
    case "scp":
      return readSftp(rest);
    case "http":
      return readHttp(rest, false);
    case "https":
      return readHttp(rest, true);
    case "":
      throw unusable("its base URL is none");
    default:
      throw unusable(`hotdir does not fetch by ${scheme.toLowerCase().slice(0, 32)}`);
  }
}

function readFile(rest: string): BaseUrl {
  const [, , path = ""] = /^(\/\/[^/]*)?(.*)$/s.exec(rest) ?? [];
  if (path.includes("\0")) throw unusable("its path holds a NUL");
  return { kind: "file", directory: absPath(bytesOfText(path)) };
}

type Authority = { user: string | null; host: string; port: number | null; path: string };

/** A host must not be taken for an option by ssh, nor for a word by a shell of the user's ProxyCommand. */
function readAuthority(rest: string): Authority {
  const [, who, bracketed, name, port, path = ""] =
    /^\/\/(?:([^/@]*)@)?(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+))(?::(\d{0,5}))?(\/.*)?$/is.exec(rest) ?? [];
  const host = bracketed ?? name;
  if (host === undefined || host.startsWith("-")) throw unusable("its base URL names no host");
  const user = who === undefined || who === "" ? null : decoded(who.replace(/:.*$/s, ""));
  if (user !== null && !/^\w[\w.+@-]*$/.test(user)) throw unusable("the user of its base URL is none");
  const number = port === undefined || port === "" ? null : Number(port);
  if (number !== null && (number < 1 || number > 65_535)) throw unusable("the port of its base URL is none");
  return { user, host, port: number, path };
}

function readSftp(rest: string): BaseUrl {
  const { user, host, port, path } = readAuthority(rest);
  const bytes = bytesOfText(path).replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  ) as Bytes;
  if (bytes.includes("\0")) throw unusable("its path holds a NUL");
  // With symbolic links on the way, `..` would not be where it seems to be.
  if (bytes.split("/").includes("..")) throw unusable("its base URL has .. in it");
  const home = bytes === "/~" || bytes.startsWith("/~/");
  const clean = absPath((home ? bytes.slice(2) : bytes) as Bytes);
  return { kind: "sftp", user, host, port, directory: home ? (clean.slice(1) as Bytes) : clean };
}

function readHttp(rest: string, tls: boolean): BaseUrl {
  const { user, host, port, path } = readAuthority(rest);
  if (/[?#\\]|[\0-\x1f\x7f]/.test(path) || path.split("/").some((segment) => /^(?:\.|%2e){2}$/i.test(segment)))
    throw unusable("the path of its base URL is none to ask for");
  return { kind: "http", tls, host, port, user, prefix: escapeText(path.replace(/\/+$/, "")) };
}

/** Escapes that are there already stay as they are. */
function escapeText(path: string): string {
  return bytesOfText(path).replaceAll(/[^\x21-\x7e]/g, escapeByte);
}

function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a web server. */
export function serverOf({ tls, host, port }: BaseUrl & { kind: "http" }): string {
  return `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}${port === null ? "" : `:${port}`}`;
}

const RESERVED = /[^A-Za-z0-9\-._~/]/g;

/** The path of a file as a request names it: its bytes, also those that are no UTF-8, escaped as they are. Pure. */
export function requestPath(prefix: string, path: RelPath): string {
  return `${prefix}/${path.replaceAll(RESERVED, escapeByte)}`;
}

export function unusable(detail: string): HotdirError {
  return new HotdirError("origin-unusable", { operation: "fetch", detail });
}
