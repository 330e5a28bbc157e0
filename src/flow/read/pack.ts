import { hash } from "node:crypto";
import { fstatSync, readSync } from "node:fs";
import { errnoOf } from "../../kernel/errors.ts";
import { closeFd, errnoName } from "../../kernel/native.ts";
import type { AbsPath, Bytes } from "../../kernel/path.ts";
import { changedMode, type Chmod } from "../chmod.ts";
import { cryptoNames, type DigestAlgorithm } from "../digest.ts";
import { sameVersion, type Version, versionOf } from "../version.ts";
import { SourceOpener } from "./source-opener.ts";
import { BLOCK_BYTES, END_BYTES, entryBytes, padded, writeHeader } from "./tar.ts";

/**
 * A small file to pack: where it is, which version is meant, and its name in the archive. `mode: null`: the file's own, as it is
 * now; a mode is what it is before it is changed. Below `boundary` no symlink is followed; where it is left out, below the reader's root. `follow`: `source` may be one itself.
 */
export type PackFile = {
  source: AbsPath;
  boundary?: AbsPath | null;
  follow?: boolean;
  version: Version;
  name: Bytes;
  mode: number | null;
  mtimeS: number;
};

/** `chmod`: what is changed of each mode; null: nothing. Below `root` no symlink is followed; null: there is none. */
export type PackOptions = { tar: boolean; algorithm: DigestAlgorithm | null; chmod: Chmod | null; root: AbsPath | null };

/** What became of a file: its content stands in the pack from `offset`, or it is not the version that was meant. */
export type Packed = { kind: "packed"; offset: number; sizeBytes: number; mode: number; hex: string | null } | NotRead;
export type NotRead = { kind: "changed" } | { kind: "gone" } | { kind: "unreadable"; errno: string };

/** `files` fit one buffer of `packBytes` when this is not more. */
export function packedBytes(file: Pick<PackFile, "name" | "version">): number {
  return entryBytes(file.name, file.version.sizeBytes);
}

export const PACK_OVERHEAD_BYTES = END_BYTES;

/** What is written can be read back by its owner, whatever the file's mode is; that one is set when it is proved. */
export const READABLE = 0o400;

/**
 * Reads, checks and hashes files one after the other into `into`. With `tar`, the buffer then holds
 * a tar archive; a file that could not be packed leaves no trace in it.
 */
export function pack(
  files: PackFile[],
  into: Buffer,
  { tar, algorithm, chmod, root }: PackOptions,
): { lengthBytes: number; packed: Packed[] } {
  let at = 0;
  const packed: Packed[] = [];
  using openers = new Openers();
  for (const file of files) {
    const content = tar ? at + entryBytes(file.name, 0) : at;
    const outcome = readInto(openers.below(file.boundary === undefined ? root : file.boundary), file, into, content, { algorithm, chmod });
    packed.push(outcome);
    if (outcome.kind !== "packed") continue;
    if (tar)
      writeHeader(into, at, { name: file.name, sizeBytes: file.version.sizeBytes, mode: outcome.mode | READABLE, mtimeS: file.mtimeS });
    at = content + (tar ? padded(file.version.sizeBytes) : file.version.sizeBytes);
    if (tar) into.fill(0, content + file.version.sizeBytes, at);
  }
  if (!tar) return { lengthBytes: at, packed };
  into.fill(0, at, at + 2 * BLOCK_BYTES);
  return { lengthBytes: at + END_BYTES, packed };
}

/** One for each boundary: nearly always one in all. */
class Openers implements Disposable {
  readonly #openers = new Map<AbsPath | null, SourceOpener>();

  below(boundary: AbsPath | null): SourceOpener {
    const known = this.#openers.get(boundary) ?? new SourceOpener(boundary);
    this.#openers.set(boundary, known);
    return known;
  }

  [Symbol.dispose](): void {
    for (const opener of this.#openers.values()) opener[Symbol.dispose]();
  }
}

function readInto(
  opener: SourceOpener,
  file: PackFile,
  into: Buffer,
  at: number,
  { algorithm, chmod }: Pick<PackOptions, "algorithm" | "chmod">,
): Packed {
  const descriptor = opener.open(file.source, file.follow);
  if (descriptor < 0) return notReadFor(errnoName(descriptor));
  try {
    const size = file.version.sizeBytes;
    const mode = modeOf(descriptor, file.version);
    if (mode === null) return { kind: "changed" };
    let read = 0;
    while (read < size) {
      const got = readSync(descriptor, into, at + read, size - read, read);
      if (got === 0) return { kind: "changed" };
      read += got;
    }
    // A second look: what was read is one version only if the file is still the one that it was.
    if (!isVersion(descriptor, file.version)) return { kind: "changed" };
    const hex = algorithm === null ? null : hash(cryptoNames[algorithm], into.subarray(at, at + size), "hex");
    const base = file.mode ?? mode;
    return { kind: "packed", offset: at, sizeBytes: size, mode: chmod === null ? base : changedMode(base, chmod, "file"), hex };
  } catch (error) {
    return { kind: "unreadable", errno: errnoOf(error) ?? "EIO" };
  } finally {
    closeFd(descriptor);
  }
}

export function isVersion(descriptor: number, version: Version): boolean {
  return modeOf(descriptor, version) !== null;
}

/** The permission bits of the file, where it still is this version. */
function modeOf(descriptor: number, version: Version): number | null {
  const stat = fstatSync(descriptor, { bigint: true });
  return stat.isFile() && sameVersion(versionOf(stat), version) ? Number(stat.mode & 0o7777n) : null;
}

export function notReadFor(errno: string): NotRead {
  if (errno === "ENOENT" || errno === "ENOTDIR") return { kind: "gone" };
  return errno === "ELOOP" || errno === "ENXIO" ? { kind: "changed" } : { kind: "unreadable", errno };
}
