import { Worker } from "node:worker_threads";
import { assert } from "../../kernel/errors.ts";
import { siblingModule } from "../../kernel/module.ts";
import type { AbsPath } from "../../kernel/path.ts";
import type { Chmod } from "../chmod.ts";
import type { DigestAlgorithm } from "../digest.ts";
import type { SourceFile } from "../source-file.ts";
import type { Version } from "../version.ts";
import { type NotRead, PACK_OVERHEAD_BYTES, type Packed, type PackFile, type PackOptions } from "./pack.ts";
import type { ReadAnswer, ReadRequest } from "./worker.ts";

/** The size of a pack's buffer; how many are kept. Together they bound the bytes of small files in memory. */
export const PACK_BYTES = 5 * 1024 * 1024;
export const PACKS_MAX = 4;
export const PACK_FILES_MAX = 1024;
export const PACK_ROOM_BYTES = PACK_BYTES - PACK_OVERHEAD_BYTES;

/** A filled buffer of the pool; disposing of it gives it back. */
export interface FilledPack extends Disposable {
  bytes: Buffer;
  packed: Packed[];
}

/** Reads and hashes on threads: one for packs, one for digests of large files, so that a small file never waits behind a large one. */
export class SourceReader implements AsyncDisposable {
  readonly #packs = new ReadThread();
  readonly #digests = new ReadThread();
  readonly #free: ArrayBuffer[] = [];
  #made = 0;
  #root: AbsPath | null;

  /** @param root below it no symlink is followed, wherever on the path it stands. */
  constructor(root: AbsPath | null = null) {
    this.#root = root;
  }

  /** As the constructor's. For the owner of a root who is handed the reader. */
  stayBelow(root: AbsPath): void {
    this.#root = root;
  }

  /** Whether a buffer is free: the sender asks before it claims. */
  get canPack(): boolean {
    return this.#free.length > 0 || this.#made < PACKS_MAX;
  }

  /** @param files together at most `PACK_ROOM_BYTES` (see `packedBytes`) and `PACK_FILES_MAX`. Only while `canPack`. */
  async pack(files: PackFile[], options: Pick<PackOptions, "tar" | "algorithm"> & { chmod?: Chmod | null }): Promise<FilledPack> {
    const buffer = this.#free.pop() ?? this.#makeBuffer();
    const filled = await this.#packs
      .ask({ id: 0, kind: "pack", root: this.#root, files, buffer, chmod: null, ...options }, [buffer])
      .catch((error: unknown) => {
        this.#made--; // the buffer went down with its thread
        throw error;
      });
    assert(filled.kind === "packed", "a pack request is answered by a pack");
    let returned = false;
    return {
      bytes: Buffer.from(filled.buffer, 0, filled.lengthBytes),
      packed: filled.packed,
      [Symbol.dispose]: () => {
        if (returned) return;
        returned = true;
        this.#free.push(filled.buffer);
      },
    };
  }

  #makeBuffer(): ArrayBuffer {
    assert(this.#made < PACKS_MAX, "a pack is asked for only while a buffer is free");
    this.#made++;
    return new ArrayBuffer(PACK_BYTES);
  }

  /** The digest of a source file that must be `version` before and after, or of a file as it is (`version: null`). */
  async digest(
    file: AbsPath | SourceFile,
    version: Version | null,
    algorithm: DigestAlgorithm,
    range: { offset: number; lengthBytes: number } | null = null,
  ): Promise<{ kind: "digest"; hex: string } | NotRead> {
    const small = range === null && version !== null && version.sizeBytes <= PACK_BYTES;
    const { path, boundary, follow } = typeof file === "string" ? { path: file, boundary: this.#root, follow: false } : file;
    const reply = await (small ? this.#packs : this.#digests).ask(
      { id: 0, kind: "digest", root: boundary, path, follow, version, range, algorithm },
      [],
    );
    assert(reply.kind === "digest", "a digest request is answered by a digest");
    return reply.digest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#packs.end(), this.#digests.end()]);
  }
}

/** One thread and its questions under way, answered in order. Started with the first question. */
class ReadThread {
  #worker: Worker | null = null;
  #ended = false;
  #nextId = 1;
  readonly #waiting = new Map<number, { resolve: (answer: ReadAnswer) => void; reject: (error: Error) => void }>();

  ask(request: ReadRequest, transfer: ArrayBuffer[]): Promise<ReadAnswer> {
    if (this.#ended) return Promise.reject(new Error("the reader has ended"));
    this.#worker ??= this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker!.postMessage({ ...request, id }, transfer);
    });
  }

  #start(): Worker {
    const worker = new Worker(siblingModule(import.meta.url, "worker"), {
      name: "hotdir-read",
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    worker.on("message", (answer: ReadAnswer) => {
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    });
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("the reading thread ended")));
    return worker;
  }

  /** A thread dies only by our own fault; its questions fail, and the next one starts another. */
  #fail(error: Error): void {
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#worker?.terminate();
  }
}
