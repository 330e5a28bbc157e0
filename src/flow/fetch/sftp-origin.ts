import { HotdirError, hasCode } from "../../kernel/errors.ts";
import { type Bytes, join, type RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { FileFacts, Files, ReadableFile } from "../send/contract.ts";
import { sameVersion, type Version } from "../version.ts";
import { abortable } from "./abortable.ts";
import type { OpenOptions, Origin, OriginFile } from "./contract.ts";
import { originVersion } from "./origin-version.ts";
import type { SftpHost } from "./sftp-host.ts";

/** One request of a read: what servers give at once, and small enough to be cheap garbage. */
const PIECE_BYTES_MAX = 128 * 1024;

/** The files below one directory of a host that is reached by the user's own ssh. */
export class SftpOrigin implements Origin {
  readonly #host: SftpHost;
  readonly #name: string;
  readonly #directory: Bytes;

  constructor(host: SftpHost, name: string, directory: Bytes) {
    this.#host = host;
    this.#name = name;
    this.#directory = directory;
  }

  async look(path: RelPath, signal: AbortSignal = new AbortController().signal): Promise<Sighting> {
    using share = await this.#host.take(signal);
    return await this.#asking(async () => {
      const at = join(this.#directory, path);
      const facts = await share.files.lstat(at).catch((error: unknown) => {
        if (hasCode(error, "permission-denied", "refused", "name-refused")) return "unreadable" as const;
        throw error;
      });
      if (facts === "unreadable") return { kind: "unreadable", path, code: "EACCES" };
      if (facts === null) {
        await this.#refuseMissingDirectory(share.files);
        return { kind: "gone", path, directory: false };
      }
      switch (facts.kind) {
        case "file":
          return {
            kind: "file",
            path,
            version: versionOfFacts(facts),
            mode: facts.mode & 0o7777,
            links: 1,
            writer: "unknown",
            how: "scan",
          };
        case "directory":
          return { kind: "directory", path, mode: facts.mode & 0o7777 };
        case "symlink":
          return { kind: "symlink", path, version: versionOfFacts(facts), target: await share.files.readlink(at) };
        case "other":
          return { kind: "special", path };
      }
    });
  }

  async open(path: RelPath, options: OpenOptions, signal: AbortSignal): Promise<OriginFile> {
    const share = await this.#host.take(signal);
    try {
      return await this.#asking(() => this.#open(share, join(this.#directory, path), options, signal));
    } catch (error) {
      share[Symbol.dispose]();
      throw error;
    }
  }

  /** Looked at before and after it is opened, in one breath: only then it is known which version the handle is of. */
  async #open(share: Disposable & { files: Files }, at: Bytes, options: OpenOptions, signal: AbortSignal): Promise<OriginFile> {
    const { files } = share;
    const asked = [files.lstat(at), files.read(at), files.lstat(at)] as const;
    const [before, opened, after] = await Promise.allSettled(asked);
    const handle = opened.status === "fulfilled" ? opened.value : null;
    try {
      const facts = { operation: "fetch", host: this.#name, path: at };
      const version = await this.#versionOpened(files, facts, [settled(before, facts), settled(after, facts)]);
      if (handle === null) return settled(opened as PromiseRejectedResult, facts);
      if (options.from?.version && !sameVersion(options.from.version, version.version)) throw new HotdirError("source-changed", facts);
      const offset = options.from?.offset ?? 0;
      const reading = new Reading({ files, handle, at, facts, signal, offset, seen: version.seen, windowBytes: options.windowBytes });
      return {
        version: version.version,
        sizeBytes: version.seen.sizeBytes,
        mtimeNs: version.version.mtimeNs,
        mode: version.seen.mode & 0o7777,
        offset,
        chunks: this.#explaining(reading.chunks()),
        [Symbol.asyncDispose]: async () => {
          await reading.end();
          share[Symbol.dispose]();
        },
      };
    } catch (error) {
      void handle?.close().catch(() => undefined);
      throw error;
    }
  }

  async #versionOpened(
    files: Files,
    facts: { operation: string; host: string; path: Bytes },
    looks: Array<FileFacts | null>,
  ): Promise<{ seen: FileFacts; version: Version }> {
    const [before, after] = looks;
    if (!before || !after) {
      await this.#refuseMissingDirectory(files);
      throw new HotdirError("source-gone", facts);
    }
    if (before.kind !== "file" || after.kind !== "file")
      throw new HotdirError("source-changed", { ...facts, detail: `a ${after.kind} is there` });
    const version = versionOfFacts(after);
    if (!sameVersion(versionOfFacts(before), version)) throw new HotdirError("source-changed", facts);
    return { seen: after, version };
  }

  /** Without its directory every file would seem to be gone: it is not mounted, say. */
  async #refuseMissingDirectory(files: Files): Promise<void> {
    const there = await files.stat(this.#directory === "" ? ("." as Bytes) : this.#directory);
    if (there?.kind === "directory") return;
    throw new HotdirError("origin-unreachable", {
      operation: "fetch",
      host: this.#name,
      path: this.#directory,
      detail: "its directory is not there",
    });
  }

  async #asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#host.explained(error);
    }
  }

  async *#explaining(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* chunks;
    } catch (error) {
      throw this.#host.explained(error);
    }
  }
}

function versionOfFacts({ sizeBytes, mtimeS }: FileFacts): Version {
  return originVersion("sftp", { sizeBytes, mtimeNs: BigInt(mtimeS) * 1_000_000_000n });
}

function settled<T>(result: PromiseSettledResult<T>, facts: { operation: string; host: string; path: Bytes }): T {
  if (result.status === "rejected") throw refusedRead(result.reason, facts);
  return result.value;
}

/** What the far side says of one path is about the source here, and not about a destination. */
function refusedRead(error: unknown, facts: { operation: string; host: string; path: Bytes }): unknown {
  if (hasCode(error, "not-found")) return new HotdirError("source-gone", facts);
  if (!(error instanceof HotdirError) || (error.scope !== "file" && error.scope !== "unclear")) return error;
  return new HotdirError("source-unreadable", { ...facts, detail: error.detail ?? error.message, cause: error });
}

type ReadingOptions = {
  files: Files;
  handle: ReadableFile;
  at: Bytes;
  facts: { operation: string; host: string; path: Bytes };
  signal: AbortSignal;
  offset: number;
  seen: FileFacts;
  windowBytes: number;
};

/** The reads of one open file: as many under way as the window takes, so that a round trip does not show. */
class Reading {
  readonly #options: ReadingOptions;
  readonly #pieceBytes: number;
  readonly #underWay: Array<Promise<Buffer>> = [];
  #next: number;
  /** What tells that the file was the same to its end; asked in one breath with the last read. */
  #tail: Promise<[Buffer, FileFacts | null]> | null = null;
  #closed: Promise<void> | null = null;

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#pieceBytes = Math.min(PIECE_BYTES_MAX, options.files.features.writeBytesMax);
    this.#next = options.offset;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const { facts, signal, offset, seen } = this.#options;
    const refuse = (error: unknown): never => {
      throw refusedRead(error, facts);
    };
    this.#ask();
    for (let at = offset; at < seen.sizeBytes;) {
      const piece = await abortable(this.#underWay.shift()!, signal).catch(refuse);
      if (piece.length < Math.min(this.#pieceBytes, seen.sizeBytes - at))
        throw new HotdirError("source-changed", { ...facts, detail: "it became shorter" });
      at += piece.length;
      this.#ask();
      yield piece;
    }
    const [further, now] = await abortable(this.#tail!, signal).catch(refuse);
    if (further.length > 0 || now === null || !sameVersion(versionOfFacts(now), versionOfFacts(seen)))
      throw new HotdirError("source-changed", facts);
  }

  #ask(): void {
    const { files, handle, at, seen, windowBytes } = this.#options;
    const ahead = Math.max(1, Math.floor(windowBytes / this.#pieceBytes));
    while (this.#next < seen.sizeBytes && this.#underWay.length < ahead) {
      const length = Math.min(this.#pieceBytes, seen.sizeBytes - this.#next);
      const reading = handle.read(this.#next, length);
      // Whoever ends early does not wait for those that are still coming.
      reading.catch(() => undefined);
      this.#underWay.push(reading);
      this.#next += length;
    }
    if (this.#next < seen.sizeBytes || this.#tail !== null) return;
    this.#tail = Promise.all([handle.read(seen.sizeBytes, 1), files.lstat(at)]);
    this.#tail.catch(() => undefined);
    this.#close();
  }

  #close(): void {
    this.#closed ??= this.#options.handle.close().catch(() => undefined);
  }

  async end(): Promise<void> {
    this.#close();
    await Promise.allSettled(this.#underWay);
    await this.#closed;
  }
}
