import { type AbsPath, absPath, below, type Bytes, join, parentOf, type RelPath } from "../../kernel/path.ts";
import { bytesOfWire, readUntrustedPath, wireOfBytes } from "./untrusted-path.ts";

/** The directory that a base URL names, on its host: `/lab` for `file:/lab`, `/` for `file:` and `sftp://hpfx`. */
export function basePathOf(baseUrl: string): AbsPath {
  const path = baseUrl.replace(/^[a-z][a-z0-9+.-]*:(?:\/\/[^/]*)?/i, "");
  return absPath((bytesOfWire(path) ?? "") as Bytes);
}

/**
 * The old name of a renamed path, below the same base. sr3's watch writes it absolute, on the machine that watched; the
 * shim library as the program passed it, often relative to a directory that nobody knows. Null where it cannot be
 * told: the file is then sent anew instead of being renamed.
 */
export function movedFromBelow(written: string, at: { path: RelPath; baseUrl: string }): RelPath | null {
  const bytes = bytesOfWire(written);
  if (bytes === null || bytes.includes("\0")) return null;
  if (bytes.startsWith("/")) {
    const base = basePathOf(at.baseUrl);
    // Who announces again keeps the watching machine's path; under `sftp://hpfx` anything would look like ours.
    if (base === "/" && !/^file:/i.test(at.baseUrl)) return null;
    const from = below(base, absPath(bytes));
    return from === null ? null : checked(from, at.path);
  }
  const name = bytes.replace(/^(?:\.\/+)+/, "");
  // With a directory in it, it is relative to the program's own directory.
  if (name.includes("/")) return null;
  return checked(join(parentOf(at.path) as Bytes, name as Bytes), at.path);
}

function checked(bytes: Bytes, path: RelPath): RelPath | null {
  const read = readUntrustedPath(wireOfBytes(bytes));
  return read.ok && read.path !== path ? read.path : null;
}
