import type { Bytes } from "../../kernel/path.ts";
import type { Digest, DigestAlgorithm } from "../digest.ts";

/**
 * The files of a destination, as one lane reaches them. Implemented over SFTP and on the local file
 * system; `test/contract/files.ts` is the suite that both pass.
 *
 * Paths are byte strings as the destination takes them (absolute, or relative to the remote home).
 * All methods may be called concurrently; requests on one handle take effect in the order in which
 * they were made. Failures reject with a `HotdirError`; one of scope `connection` means that every
 * later call on this lane fails the same way. Nothing here retries.
 */
export interface Files extends AsyncDisposable {
  readonly features: FilesFeatures;
  /** Settles when the lane is no longer usable, with the reason; null when it was disposed of. */
  readonly ended: Promise<Error | null>;
  /** Does not follow a symlink at the end of the path. null: nothing is there. */
  lstat(path: Bytes): Promise<FileFacts | null>;
  /** Follows symlinks. null: nothing is there. */
  stat(path: Bytes): Promise<FileFacts | null>;
  list(directory: Bytes): Promise<Array<{ name: Bytes; facts: FileFacts }>>;
  /** Makes one directory; `false` where a directory was there already; `wrong-type` where anything else is, also a symlink to a directory. Its parent must exist. */
  mkdir(path: Bytes, mode: number): Promise<boolean>;
  /** Creates for writing; `exclusive` refuses anything that is there (code `exists`), otherwise a regular file is truncated. */
  create(path: Bytes, options: { mode: number; exclusive: boolean }): Promise<WritableFile>;
  /** Opens an existing file for writing without truncating it. */
  reopen(path: Bytes): Promise<WritableFile>;
  read(path: Bytes): Promise<ReadableFile>;
  /** Renames atomically over whatever file is at `to`. */
  replace(from: Bytes, to: Bytes): Promise<void>;
  /** `false` where nothing was there. Refuses directories; removes a symlink itself. */
  remove(path: Bytes): Promise<boolean>;
  /** `false` where nothing was there. Rejects with code `not-empty` where something is inside. */
  rmdir(path: Bytes): Promise<boolean>;
  symlink(target: Bytes, path: Bytes): Promise<void>;
  readlink(path: Bytes): Promise<Bytes>;
  /** Rejects with `unsupported` where `features.hardlink` is false. */
  hardlink(existing: Bytes, path: Bytes): Promise<void>;
  /** Of a symlink itself, never of what it points to. */
  setAttributes(path: Bytes, attributes: Attributes): Promise<void>;
  /** Makes a file's bytes durable, or the names in a directory: what was created in it, renamed into it or removed from it. Nothing where `features.sync` is false. */
  syncPath(path: Bytes): Promise<void>;
  /** null where the far side does not tell. */
  space(path: Bytes): Promise<Space | null>;
}

export type FilesFeatures = {
  /** `replace` is one atomic step. Where it is not, the fallback is remove, then rename: a reader may find nothing for a moment, never a part. */
  atomicReplace: boolean;
  /** `WritableFile.sync` makes bytes durable. */
  sync: boolean;
  hardlink: boolean;
  space: boolean;
  /** The largest write that is taken in one piece, and how many handles may be open at once. */
  writeBytesMax: number;
  handlesMax: number;
};

export type FileFacts = { kind: "file" | "directory" | "symlink" | "other"; sizeBytes: number; mtimeS: number; mode: number };

/** Permission bits (0o7777) and whole seconds: SFTP version 3 carries no more. */
export type Attributes = { mode?: number; mtimeS?: number };

export type Space = { totalBytes: number; freeBytes: number; totalFiles: number; freeFiles: number };

/** Handles need not be awaited between calls: write, setAttributes, sync and close may all be under way at once. */
export interface WritableFile {
  /** The buffer may be used again when the promise settles. Any length: pieces are cut to what the far side takes. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  setAttributes(attributes: Attributes): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface ReadableFile {
  /** Fewer bytes than asked for only at the end of the file. */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** A range of a file, or the whole of it. `large`: worth the fastest tool there is, though that takes one file at a time. */
export type DigestRequest = { path: Bytes; range?: { offset: number; lengthBytes: number }; large?: boolean };

/**
 * A shell on the far side, for what SFTP cannot do: digests without moving the bytes, many small files in one
 * stream, durability of a whole file system in one call. Optional: everything works without it.
 * Names never pass through the shell's parser: they travel NUL-separated on standard input.
 */
export interface RemoteShell extends AsyncDisposable {
  readonly ended: Promise<Error | null>;
  readonly tools: { digests: ReadonlySet<DigestAlgorithm>; ranges: boolean; tar: boolean; syncfs: boolean };
  /** One entry per request, in order; null where that file could not be read. At most a few thousand at a time. */
  digest(algorithm: DigestAlgorithm, requests: DigestRequest[]): Promise<Array<Digest | null>>;
  /** Feeds one tar stream of `lengthBytes` into `tar -x` in `directory`; resolves when tar has ended without complaint. Names in the stream that could not be made are told by the digests and renames that follow. */
  unpack(directory: Bytes, lengthBytes: number, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes everything on the file system of `directory` durable. */
  syncfs(directory: Bytes): Promise<void>;
}
