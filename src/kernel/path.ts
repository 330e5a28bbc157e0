/**
 * Paths are bytes on Linux. hotdir holds them as *byte strings*: a JavaScript string with one byte
 * per character (latin1), so that they can be compared, joined and used as map keys without loss,
 * whatever the name. Only this file turns them into Buffers (for the kernel), into text for people,
 * and back from what people typed.
 */
declare const bytesBrand: unique symbol;
declare const relBrand: unique symbol;
declare const absBrand: unique symbol;

/** Bytes, one per character. */
export type Bytes = string & { readonly [bytesBrand]: true };
/** A path below a root: no leading or trailing slash, no empty, `.` or `..` segment. */
export type RelPath = Bytes & { readonly [relBrand]: true };
/** An absolute path; `/` is the only one that ends with a slash. */
export type AbsPath = Bytes & { readonly [absBrand]: true };

/** The longest name of one path segment that Linux file systems take, in bytes. */
export const NAME_BYTES_MAX = 255;

const nonAscii = /[^\x00-\x7f]/;

export function bytesOf(buffer: Uint8Array): Bytes {
  return Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength).toString("latin1") as Bytes;
}

/** What a person typed, or a configuration holds (UTF-8 text), as the bytes that the kernel sees. */
export function bytesOfText(text: string): Bytes {
  return (nonAscii.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text) as Bytes;
}

export function bufferOf(bytes: Bytes): Buffer {
  return Buffer.from(bytes, "latin1");
}

/** The form that `node:fs` takes: the string itself where it is ASCII, a Buffer elsewhere. */
export function fsPath(path: Bytes): string | Buffer {
  return nonAscii.test(path) ? Buffer.from(path, "latin1") : path;
}

/** The text of the bytes where they are UTF-8; invalid sequences become U+FFFD. For matching with a user's regular expressions. */
export function textOf(bytes: Bytes): string {
  return nonAscii.test(bytes) ? Buffer.from(bytes, "latin1").toString("utf8") : bytes;
}

/**
 * For people: printable text. Control characters, backslashes and bytes that are not UTF-8 are
 * shown as `\n`, `\\`, `\xff`, so that no name can forge a line of a log or of a table.
 */
export function show(bytes: Bytes): string {
  if (!/[^\x20-\x5b\x5d-\x7e]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  if (!text.includes("\ufffd") && !/[\\\p{C}\u2028\u2029]/u.test(text)) return text;
  let shown = "";
  for (const piece of utf8Pieces(bytes)) shown += typeof piece === "string" ? showCharacter(piece) : hex(piece);
  return shown;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function showCharacter(character: string): string {
  if (character === "\\") return "\\\\";
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  if (character === "\r") return "\\r";
  if (!/[\p{C}\u2028\u2029]/u.test(character)) return character;
  return [...Buffer.from(character, "utf8")].map(hex).join("");
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Splits into whole UTF-8 characters, and single bytes (as numbers) where there is none. */
function* utf8Pieces(bytes: Bytes): Generator<string | number> {
  const buffer = bufferOf(bytes);
  for (let at = 0; at < buffer.length;) {
    const first = buffer[at]!;
    const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    const character = length > 0 && at + length <= buffer.length ? decodeStrictly(buffer.subarray(at, at + length)) : null;
    if (character === null) yield buffer[at++]!;
    else {
      yield character;
      at += length;
    }
  }
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

export function isRelPath(path: Bytes): path is RelPath {
  return path !== "" && path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..") && !path.includes("\0");
}

/** Throws when `path` is not a clean relative path: callers pass what they have checked, or what the kernel gave. */
export function relPath(path: Bytes): RelPath {
  if (!isRelPath(path)) throw new Error(`not a clean relative path: ${show(path)}`);
  return path;
}

/** A clean absolute path: `.`, `..`, double and trailing slashes are resolved by text alone, symlinks are not followed. */
export function absPath(path: Bytes, base: AbsPath = "/" as AbsPath): AbsPath {
  const segments: string[] = [];
  for (const segment of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  return `/${segments.join("/")}` as AbsPath;
}

export function join<Root extends Bytes>(root: Root, path: RelPath | Bytes): Root {
  if (path === "") return root;
  if (root === "") return path as unknown as Root;
  return (root.endsWith("/") ? root + path : `${root}/${path}`) as Root;
}

/** The part of `path` below `root`; null where it is not below (the root itself is not below itself). */
export function below(root: AbsPath, path: AbsPath): RelPath | null {
  const prefix = root === "/" ? "/" : `${root}/`;
  return path.length > prefix.length && path.startsWith(prefix) ? (path.slice(prefix.length) as RelPath) : null;
}

/** The directory of a relative path; the empty string for a name directly below the root. */
export function parentOf(path: RelPath): RelPath | "" {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : (path.slice(0, slash) as RelPath);
}

export function nameOf(path: Bytes): Bytes {
  return path.slice(path.lastIndexOf("/") + 1) as Bytes;
}

/** All directories above a relative path, the outermost first, without the root. */
export function ancestorsOf(path: RelPath): RelPath[] {
  const found: RelPath[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) found.push(path.slice(0, slash) as RelPath);
  return found;
}
