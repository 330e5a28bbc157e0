import { type FileHandle, open } from "node:fs/promises";
import { HotdirError, errnoOf } from "../../kernel/errors.ts";
import { AT_CWD, closeFd, errnoName, openAt, opening } from "../../kernel/native.ts";
import { type AbsPath, join, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import { lookAt, saysNothingThere } from "../detect/look.ts";
import { SourceOpener } from "../read/source-opener.ts";
import { Standing } from "../read/standing.ts";
import { sameVersion, versionOf } from "../version.ts";
import type { OpenOptions, Origin, OriginFile } from "./contract.ts";

const PIECE_BYTES = 256 * 1024;

/** Files of this machine, below one directory. No symlink below it is followed, wherever on the path it stands. */
export class FileOrigin implements Origin {
  readonly #root: AbsPath;

  constructor(root: AbsPath) {
    this.#root = root;
  }

  async look(path: RelPath): Promise<Sighting> {
    this.#refuseMissingRoot();
    using standing = new Standing(this.#root);
    const parent = standing.stand(parentOf(path));
    if (parent < 0) {
      const code = errnoName(parent);
      return saysNothingThere(code) ? { kind: "gone", path, directory: false } : { kind: "unreadable", path, code };
    }
    const look = lookAt({ dirFd: parent, name: nameOf(path), path, how: "scan", leases: true, closed: false, follow: false });
    if (look.kind === "seen") return look.sighting;
    return look.kind === "directory" ? { kind: "directory", path, mode: look.mode } : { kind: "gone", path, directory: false };
  }

  async open(path: RelPath, { from }: OpenOptions, signal: AbortSignal): Promise<OriginFile> {
    signal.throwIfAborted();
    this.#refuseMissingRoot();
    const facts = { operation: "read", path: join(this.#root, path) };
    const handle = await this.#open(path);
    try {
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) throw new HotdirError("source-changed", { ...facts, detail: "it is no file" });
      const version = versionOf(stat);
      if (from?.version && !sameVersion(from.version, version)) throw new HotdirError("source-changed", facts);
      const offset = from?.offset ?? 0;
      return {
        version,
        sizeBytes: version.sizeBytes,
        mtimeNs: version.mtimeNs,
        mode: Number(stat.mode) & 0o7777,
        offset,
        chunks: chunksOf(handle, facts, { offset, version, signal }),
        [Symbol.asyncDispose]: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #open(path: RelPath): Promise<FileHandle> {
    using opener = new SourceOpener(this.#root);
    const absolute = join(this.#root, path);
    const descriptor = opener.open(absolute);
    if (descriptor < 0) throw notOpened(absolute, errnoName(descriptor));
    try {
      return await open(`/proc/self/fd/${descriptor}`);
    } catch (error) {
      throw notOpened(absolute, errnoOf(error) ?? "unknown");
    } finally {
      closeFd(descriptor);
    }
  }

  /** Without its root every file would seem to be gone: it is not mounted, say. */
  #refuseMissingRoot(): void {
    const fd = openAt(AT_CWD, this.#root, opening.root);
    if (fd < 0)
      throw new HotdirError("origin-unreachable", { operation: "read", path: this.#root, detail: `its directory: ${errnoName(fd)}` });
    closeFd(fd);
  }
}

function notOpened(path: AbsPath, errno: string): HotdirError {
  const code = errno === "ELOOP" ? "source-changed" : saysNothingThere(errno) ? "source-gone" : "source-unreadable";
  return new HotdirError(code, { operation: "read", path, detail: errno });
}

async function* chunksOf(
  handle: FileHandle,
  facts: { operation: string; path: AbsPath },
  { offset, version, signal }: { offset: number; version: { inode: string; sizeBytes: number; mtimeNs: bigint }; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  for (let at = offset; at < version.sizeBytes;) {
    signal.throwIfAborted();
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, version.sizeBytes - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
      throw new HotdirError("source-unreadable", { ...facts, detail: errnoOf(error) ?? "unknown", cause: error });
    });
    if (bytesRead === 0) throw new HotdirError("source-changed", { ...facts, detail: "it became shorter" });
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
  const now = await handle.stat({ bigint: true });
  if (!sameVersion(versionOf(now), version)) throw new HotdirError("source-changed", facts);
}
