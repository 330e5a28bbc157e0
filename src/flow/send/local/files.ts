import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { errnoOf, HotdirError } from "../../../kernel/errors.ts";
import { type Bytes, bytesOf, fsPath } from "../../../kernel/path.ts";
import type { Attributes, FileFacts, Files, FilesFeatures, ReadableFile, Space, WritableFile } from "../contract.ts";
import { errorOfErrno } from "./errno.ts";
import { factsOf } from "./facts.ts";
import { LocalReadableFile, LocalWritableFile } from "./open-file.ts";

const features: FilesFeatures = {
  atomicReplace: true,
  sync: true,
  hardlink: true,
  space: true,
  writeBytesMax: 1024 * 1024,
  handlesMax: 256,
};

/** O_NONBLOCK: a fifo in the way is refused at once (ENXIO) where the open would wait for a reader. */
const writeFlags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function openLocalFiles(): Files {
  return new LocalFiles();
}

class LocalFiles implements Files {
  readonly features = features;
  readonly ended: Promise<Error | null>;
  #settleEnded!: (reason: null) => void;

  constructor() {
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
  }

  lstat(path: Bytes): Promise<FileFacts | null> {
    return orIfAbsent(null, "lstat", path, async () => factsOf(await fs.lstat(kernelPath(path))));
  }

  stat(path: Bytes): Promise<FileFacts | null> {
    return orIfAbsent(null, "stat", path, async () => factsOf(await fs.stat(kernelPath(path))));
  }

  /** A name that goes away between the two looks is left out. */
  list(directory: Bytes): Promise<Array<{ name: Bytes; facts: FileFacts }>> {
    return mapped("list", directory, async () => {
      const names = (await fs.readdir(kernelPath(directory), { encoding: "buffer" })).map((name) => bytesOf(name));
      const entries: Array<{ name: Bytes; facts: FileFacts }> = [];
      for (let from = 0; from < names.length; from += 256) {
        const some = names.slice(from, from + 256);
        const facts = await Promise.all(some.map((name) => this.lstat(`${directory === "" ? "." : directory}/${name}` as Bytes)));
        for (const [index, name] of some.entries()) {
          const there = facts[index];
          if (there) entries.push({ name, facts: there });
        }
      }
      return entries;
    });
  }

  mkdir(path: Bytes, mode: number): Promise<boolean> {
    return mapped("make directory", path, async () => {
      try {
        await fs.mkdir(kernelPath(path), mode);
        return true;
      } catch (error) {
        if (errnoOf(error) !== "EEXIST") throw error;
        if ((await fs.lstat(kernelPath(path))).isDirectory()) return false;
        throw new HotdirError("wrong-type", { operation: "make directory", path, detail: "something else is there", cause: error });
      }
    });
  }

  create(path: Bytes, options: { mode: number; exclusive: boolean }): Promise<WritableFile> {
    const flags = writeFlags | constants.O_CREAT | (options.exclusive ? constants.O_EXCL : constants.O_TRUNC);
    return mapped("open", path, async () => new LocalWritableFile(await fs.open(kernelPath(path), flags, options.mode & 0o7777), path));
  }

  reopen(path: Bytes): Promise<WritableFile> {
    return mapped("open", path, async () => new LocalWritableFile(await fs.open(kernelPath(path), writeFlags), path));
  }

  read(path: Bytes): Promise<ReadableFile> {
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    return mapped("open", path, async () => new LocalReadableFile(await fs.open(kernelPath(path), flags), path));
  }

  replace(from: Bytes, to: Bytes): Promise<void> {
    return mapped("publish", to, () => fs.rename(kernelPath(from), kernelPath(to)));
  }

  remove(path: Bytes): Promise<boolean> {
    return orIfAbsent(false, "remove", path, () => fs.unlink(kernelPath(path)).then(isTrue));
  }

  rmdir(path: Bytes): Promise<boolean> {
    return mapped("remove directory", path, async () => {
      try {
        await fs.rmdir(kernelPath(path));
        return true;
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return false;
        // POSIX allows either errno for a directory that is not empty.
        if (errnoOf(error) !== "EEXIST") throw error;
        throw new HotdirError("not-empty", { operation: "remove directory", path, cause: error });
      }
    });
  }

  symlink(target: Bytes, path: Bytes): Promise<void> {
    return mapped("make symlink", path, () => fs.symlink(kernelPath(target), kernelPath(path)));
  }

  readlink(path: Bytes): Promise<Bytes> {
    return mapped("read symlink", path, async () => bytesOf(await fs.readlink(kernelPath(path), { encoding: "buffer" })));
  }

  hardlink(existing: Bytes, path: Bytes): Promise<void> {
    return mapped("make hard link", path, () => fs.link(kernelPath(existing), kernelPath(path)));
  }

  /** Linux keeps no mode of a symlink. */
  setAttributes(path: Bytes, { mode, mtimeS }: Attributes): Promise<void> {
    return mapped("set attributes", path, async () => {
      const isSymlink = (await fs.lstat(kernelPath(path))).isSymbolicLink();
      if (mode !== undefined && !isSymlink) await fs.chmod(kernelPath(path), mode & 0o7777);
      if (mtimeS !== undefined) await fs.lutimes(kernelPath(path), mtimeS, mtimeS);
    });
  }

  syncPath(path: Bytes): Promise<void> {
    return mapped("sync", path, async () => {
      await using entry = await fs.open(kernelPath(path), constants.O_RDONLY);
      await entry.sync();
    });
  }

  space(path: Bytes): Promise<Space | null> {
    return mapped("ask for free space", path, async () => {
      const { bsize, blocks, bavail, files, ffree } = await fs.statfs(kernelPath(path));
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, totalFiles: files, freeFiles: ffree };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#settleEnded(null);
  }
}

function isTrue(): true {
  return true;
}

/** The empty path is the working directory, as it is the home over SFTP. */
function kernelPath(path: Bytes): string | Buffer {
  return path === "" ? "." : fsPath(path);
}

async function mapped<Result>(operation: string, path: Bytes, step: () => Promise<Result>): Promise<Result> {
  if (path.includes("\0")) throw new HotdirError("name-refused", { operation, path, detail: "no path holds a NUL" });
  try {
    return await step();
  } catch (error) {
    throw error instanceof HotdirError ? error : errorOfErrno(error, operation, path);
  }
}

/** Below a file there is nothing either, as SFTP servers answer too. */
function orIfAbsent<Result, Absent>(absent: Absent, operation: string, path: Bytes, step: () => Promise<Result>): Promise<Result | Absent> {
  return mapped(operation, path, async () => {
    try {
      return await step();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOENT" || errno === "ENOTDIR") return absent;
      throw error;
    }
  });
}
