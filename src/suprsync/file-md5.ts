import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { constants } from "node:fs";
import { errnoOf, HotdirError, messageOf } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";

/** Many files may be read at once. */
const PIECE_BYTES = 128 * 1024;

/**
 * The MD5 of a file, piece by piece. Throws `source-unreadable` where it cannot be read or is none, and `source-changed` where it changed
 * meanwhile: an MD5 of a part would never be the file's.
 */
export async function fileMd5(path: string, signal?: AbortSignal): Promise<{ md5: string; sizeBytes: number }> {
  await using file = await openFile(path);
  const before = await file.stat({ bigint: true });
  if (!before.isFile())
    throw new HotdirError("source-unreadable", { operation: "hash", path: bytesOfText(path), detail: "this is no file" });
  const hash = createHash("md5");
  // A byte more than it has, so that its end is seen with it; a file that lies about its size is read all the same.
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, Number(before.size) + 1));
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await read(file, piece, path);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
  }
  const after = await file.stat({ bigint: true });
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs)
    throw new HotdirError("source-changed", {
      operation: "hash",
      path: bytesOfText(path),
      detail: "somebody is still writing it; add it when it is whole",
    });
  return { md5: hash.digest("hex"), sizeBytes: Number(after.size) };
}

/** Not waiting for the other end of a pipe. */
async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function read(file: FileHandle, piece: Buffer, path: string): Promise<{ bytesRead: number }> {
  try {
    return await file.read(piece, 0, piece.length, null);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): HotdirError {
  const code = errnoOf(error) === "ENOENT" ? "source-gone" : "source-unreadable";
  return new HotdirError(code, { operation: "hash", path: bytesOfText(path), detail: messageOf(error), cause: error });
}
