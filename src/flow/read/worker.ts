import { createHash } from "node:crypto";
import { fstatSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { errnoOf } from "../../kernel/errors.ts";
import { closeFd, errnoName } from "../../kernel/native.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { cryptoNames, type DigestAlgorithm } from "../digest.ts";
import type { Version } from "../version.ts";
import { isVersion, type NotRead, notReadFor, pack, type Packed, type PackFile, type PackOptions } from "./pack.ts";
import { SourceOpener } from "./source-opener.ts";

/** What the thread is asked. Buffers travel by transfer, there and back. Below `root` no symlink is followed. */
export type ReadRequest =
  | ({ id: number; kind: "pack"; files: PackFile[]; buffer: ArrayBuffer } & PackOptions)
  /** `version: null` takes the file as it is (a destination's file). */
  | {
      id: number;
      kind: "digest";
      root: AbsPath | null;
      path: AbsPath;
      /** The path may be a symlink itself. */
      follow: boolean;
      version: Version | null;
      range: { offset: number; lengthBytes: number } | null;
      algorithm: DigestAlgorithm;
    };

export type ReadAnswer =
  | { id: number; kind: "packed"; buffer: ArrayBuffer; lengthBytes: number; packed: Packed[] }
  | { id: number; kind: "digest"; digest: { kind: "digest"; hex: string } | NotRead };

const HASH_CHUNK_BYTES = 1024 * 1024;
const chunk = Buffer.allocUnsafeSlow(HASH_CHUNK_BYTES);

function answer(request: ReadRequest): void {
  switch (request.kind) {
    case "pack": {
      const result = pack(request.files, Buffer.from(request.buffer), request);
      const reply: ReadAnswer = { id: request.id, kind: "packed", buffer: request.buffer, ...result };
      parentPort!.postMessage(reply, [request.buffer]);
      return;
    }
    case "digest": {
      const reply: ReadAnswer = { id: request.id, kind: "digest", digest: digest(request) };
      parentPort!.postMessage(reply);
    }
  }
}

function digest(request: ReadRequest & { kind: "digest" }): { kind: "digest"; hex: string } | NotRead {
  using opener = new SourceOpener(request.root);
  const descriptor = opener.open(request.path, request.follow);
  if (descriptor < 0) return notReadFor(errnoName(descriptor));
  try {
    if (request.version !== null && !isVersion(descriptor, request.version)) return { kind: "changed" };
    // A fifo or a device has no bytes to compare: it is never an empty file.
    if (request.version === null && !fstatSync(descriptor).isFile()) return { kind: "changed" };
    const hasher = createHash(cryptoNames[request.algorithm]);
    const start = request.range?.offset ?? 0;
    const end = request.range === null ? Number(fstatSync(descriptor, { bigint: true }).size) : start + request.range.lengthBytes;
    for (let at = start; at < end;) {
      const got = readSync(descriptor, chunk, 0, Math.min(chunk.length, end - at), at);
      if (got === 0) return { kind: "changed" };
      hasher.update(chunk.subarray(0, got));
      at += got;
    }
    if (request.version !== null && !isVersion(descriptor, request.version)) return { kind: "changed" };
    return { kind: "digest", hex: hasher.digest("hex") };
  } catch (error) {
    return { kind: "unreadable", errno: errnoOf(error) ?? "EIO" };
  } finally {
    closeFd(descriptor);
  }
}

parentPort!.on("message", answer);
