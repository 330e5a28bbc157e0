import { type Bytes, bytesOf, isRelPath, NAME_BYTES_MAX, type RelPath } from "../../kernel/path.ts";

/**
 * Paths of messages come from whoever may publish. What this file lets through is a clean relative path: joined to a
 * base directory it stays below it, also for whoever decodes `%2e` on the way. Symbolic links below the base are the
 * concern of whoever opens the path.
 */
export type PathFault = "empty" | "absolute" | "leaves-the-base" | "nul" | "too-long" | "name-too-long" | "not-bytes" | "encoded";

export type PathRead = { ok: true; path: RelPath } | { ok: false; fault: PathFault };

/** What Linux takes for a whole path, its final NUL counted. */
export const PATH_BYTES_MAX = 4096;

/** More than this often nobody encodes a name. */
const DECODINGS_MAX = 4;

export function readUntrustedPath(text: string): PathRead {
  const bytes = text.length > PATH_BYTES_MAX ? null : bytesOfWire(text);
  if (text.length > PATH_BYTES_MAX) return { ok: false, fault: "too-long" };
  if (bytes === null) return { ok: false, fault: "not-bytes" };
  if (bytes.length >= PATH_BYTES_MAX) return { ok: false, fault: "too-long" };
  if (bytes.includes("\0")) return { ok: false, fault: "nul" };
  if (bytes.startsWith("/")) return { ok: false, fault: "absolute" };
  // `a//b` and `a/./b` are `a/b` to the kernel; some who publish write them so.
  const segments = bytes.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) return { ok: false, fault: "leaves-the-base" };
  if (segments.some((segment) => segment.length > NAME_BYTES_MAX)) return { ok: false, fault: "name-too-long" };
  const path = segments.join("/") as Bytes;
  if (!isRelPath(path)) return { ok: false, fault: "empty" };
  const fault = faultOnceDecoded(path);
  return fault === null ? { ok: true, path } : { ok: false, fault };
}

/** `%2e%2e/x` is a name like any other to us, and a way out to whoever fetches it by its URL. */
function faultOnceDecoded(path: string): PathFault | null {
  let text = path;
  for (let times = 0; times < DECODINGS_MAX; times += 1) {
    const plain = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (plain === text) return null;
    text = plain;
    if (text.includes("\0")) return "nul";
    if (text.startsWith("/")) return "absolute";
    const segments = text.split(/[/\\]/);
    if (segments.includes("..")) return "leaves-the-base";
    if (segments.every((segment) => segment === "" || segment === ".")) return "empty";
  }
  return /%[0-9a-f]{2}/i.test(text) ? "encoded" : null;
}

const surrogates = /[\ud800-\udfff]/;

/**
 * The bytes of a name as Python hands it over: UTF-8, where bytes that are none stand as lone surrogates
 * U+DC80..U+DCFF (`surrogateescape`). Null: no name can be that.
 */
export function bytesOfWire(text: string): Bytes | null {
  if (!surrogates.test(text)) return bytesOf(Buffer.from(text, "utf8"));
  let bytes = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) {
      if (code < 0xdc80 || code > 0xdcff) return null;
      bytes += String.fromCharCode(code - 0xdc00);
    } else bytes += Buffer.from(character, "utf8").toString("latin1");
  }
  return bytes as Bytes;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The other way; `bytesOfWire` gives the same bytes back, whatever they are. */
export function wireOfBytes(bytes: Bytes): string {
  const whole = decoded(bytes);
  if (whole !== null) return whole;
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes.charCodeAt(at));
    const character = decoded(bytes.slice(at, at + length));
    text += character ?? String.fromCharCode(0xdc00 + bytes.charCodeAt(at));
    at += character === null ? 1 : length;
  }
  return text;
}

function characterLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc2 ? 2 : 1;
}

function decoded(bytes: string): string | null {
  try {
    return strict.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return null;
  }
}
