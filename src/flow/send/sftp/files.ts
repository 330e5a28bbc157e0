import { HotdirError, hasCode } from "../../../kernel/errors.ts";
import type { Bytes } from "../../../kernel/path.ts";
import type { Attributes, FileFacts, Files, FilesFeatures, ReadableFile, Space, WritableFile } from "../contract.ts";
import { lstatRequest, setstatRequest, statRequest } from "./attributes.ts";
import { type Entry, mkdirRequest, rmdirRequest } from "./directory.ts";
import { FSYNC, fsyncRequest } from "./extensions/fsync.ts";
import { HARDLINK, hardlinkRequest } from "./extensions/hardlink.ts";
import { defaultLimits, LIMITS, limitsRequest } from "./extensions/limits.ts";
import { LSETSTAT, lsetstatRequest } from "./extensions/lsetstat.ts";
import { POSIX_RENAME, posixRenameRequest } from "./extensions/posix-rename.ts";
import { STATVFS, statvfsRequest } from "./extensions/statvfs.ts";
import { isEmptyDirectory, listDirectory } from "./listing.ts";
import { readlinkRequest, removeRequest, renameRequest, symlinkRequest } from "./names.ts";
import { closeRequest, openRequest } from "./open.ts";
import { type Lane, SftpReadableFile, SftpWritableFile } from "./open-file.ts";
import { openFlag } from "./protocol.ts";
import type { SftpSession } from "./session.ts";
import { whyDirectoryNotRemoved, whyNotMade, whyNotRemoved, whyNotReplaced } from "./why-refused.ts";

/** Asks the server for what it can do, and gives its files. `close` ends what lies below the session (the ssh child). */
export async function openSftpFiles(session: SftpSession, close: () => Promise<void>): Promise<SftpFiles> {
  await session.greet();
  const offers = (name: string): boolean => session.extensions.has(name);
  const limits = offers(LIMITS) ? await session.send(limitsRequest()) : defaultLimits;
  const features: FilesFeatures = {
    atomicReplace: offers(POSIX_RENAME),
    sync: offers(FSYNC),
    hardlink: offers(HARDLINK),
    space: offers(STATVFS),
    writeBytesMax: limits.writeBytesMax,
    handlesMax: limits.handlesMax,
  };
  return new SftpFiles(session, { features, readBytesMax: limits.readBytesMax, close });
}

/**
 * The files of an SFTP server. Version 3 has no O_NOFOLLOW: `create` that is not exclusive, and
 * `reopen`, follow a symlink that somebody put there. Who shares a directory with others creates exclusively.
 */
export class SftpFiles implements Files {
  readonly features: FilesFeatures;
  readonly ended: Promise<Error | null>;
  readonly #session: SftpSession;
  readonly #close: () => Promise<void>;
  readonly #lane: Lane;

  constructor(session: SftpSession, options: { features: FilesFeatures; readBytesMax: number; close: () => Promise<void> }) {
    this.features = options.features;
    this.ended = session.ended;
    this.#session = session;
    this.#close = options.close;
    this.#lane = {
      session,
      witnesses: {
        lstat: (path) => this.lstat(path),
        space: (path) => this.space(path),
        isEmpty: (path) => isEmptyDirectory(session, path),
      },
      canSync: options.features.sync,
      readBytesMax: options.readBytesMax,
      writeBytesMax: options.features.writeBytesMax,
    };
  }

  lstat(path: Bytes): Promise<FileFacts | null> {
    return this.#session.send(lstatRequest(path)).catch(nullIfNotFound);
  }

  stat(path: Bytes): Promise<FileFacts | null> {
    return this.#session.send(statRequest(path)).catch(nullIfNotFound);
  }

  list(directory: Bytes): Promise<Entry[]> {
    return listDirectory(this.#session, directory);
  }

  async mkdir(path: Bytes, mode: number): Promise<boolean> {
    try {
      await this.#session.send(mkdirRequest(path, mode));
      return true;
    } catch (error) {
      const reason = await whyNotMade(error, path, this.#lane.witnesses);
      if (!hasCode(reason, "exists")) throw reason;
      const there = await this.lstat(path);
      if (there?.kind === "directory") return false;
      throw new HotdirError("wrong-type", {
        operation: "make directory",
        path,
        detail: `a ${there?.kind ?? "file"} is there`,
        cause: error,
      });
    }
  }

  async create(path: Bytes, options: { mode: number; exclusive: boolean }): Promise<WritableFile> {
    const flags = openFlag.write | openFlag.create | (options.exclusive ? openFlag.exclusive : openFlag.truncate);
    const why = options.exclusive ? whyNotMade : whyNotReplaced;
    return this.#openForWriting(path, flags, { mode: options.mode }, why);
  }

  reopen(path: Bytes): Promise<WritableFile> {
    return this.#openForWriting(path, openFlag.write, {}, whyNotReplaced);
  }

  async read(path: Bytes): Promise<ReadableFile> {
    return new SftpReadableFile(this.#lane, await this.#session.send(openRequest(path, openFlag.read, {})), path);
  }

  async replace(from: Bytes, to: Bytes): Promise<void> {
    this.#checkSendable("publish", from);
    try {
      if (this.features.atomicReplace) await this.#session.send(posixRenameRequest(from, to));
      else await this.#removeAndRename(from, to);
    } catch (error) {
      throw await whyNotReplaced(error, to, this.#lane.witnesses);
    }
  }

  remove(path: Bytes): Promise<boolean> {
    return this.#session.send(removeRequest(path)).then(isTrue, async (error: unknown) => {
      if (hasCode(error, "not-found")) return false;
      throw await whyNotRemoved(error, path, this.#lane.witnesses);
    });
  }

  rmdir(path: Bytes): Promise<boolean> {
    return this.#session.send(rmdirRequest(path)).then(isTrue, async (error: unknown) => {
      const reason = await whyDirectoryNotRemoved(error, path, this.#lane.witnesses);
      if (reason === null) return false;
      throw reason;
    });
  }

  async symlink(target: Bytes, path: Bytes): Promise<void> {
    this.#checkSendable("make symlink", target);
    await this.#made(path, this.#session.send(symlinkRequest(target, path)));
  }

  readlink(path: Bytes): Promise<Bytes> {
    return this.#session.send(readlinkRequest(path));
  }

  async hardlink(existing: Bytes, path: Bytes): Promise<void> {
    this.#checkSendable("make hard link", existing);
    if (!this.features.hardlink) throw new HotdirError("unsupported", { operation: "make hard link", path });
    await this.#made(path, this.#session.send(hardlinkRequest(existing, path)));
  }

  /** Without lsetstat a symlink keeps what it has: SETSTAT would change what it points to. */
  async setAttributes(path: Bytes, attributes: Attributes): Promise<void> {
    if (this.#session.extensions.has(LSETSTAT)) {
      try {
        return await this.#session.send(lsetstatRequest(path, attributes));
      } catch (error) {
        if (!hasCode(error, "refused", "unsupported", "name-refused")) throw error;
      }
    }
    const there = await this.#session.send(lstatRequest(path));
    if (there.kind !== "symlink") await this.#session.send(setstatRequest(path, attributes));
  }

  async syncPath(path: Bytes): Promise<void> {
    if (!this.features.sync) return;
    const handle = await this.#session.send(openRequest(path, openFlag.read, {}));
    await Promise.all([this.#session.send(fsyncRequest(handle, path)), this.#session.send(closeRequest(handle, path))]);
  }

  async space(path: Bytes): Promise<Space | null> {
    return this.features.space ? this.#session.send(statvfsRequest(path)) : null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session.end(null);
    await this.#close();
  }

  #openForWriting(path: Bytes, flags: number, attributes: Attributes, why: typeof whyNotMade): Promise<WritableFile> {
    return this.#session.send(openRequest(path, flags, attributes)).then(
      (handle) => new SftpWritableFile(this.#lane, handle, path),
      async (error: unknown) => {
        throw await why(error, path, this.#lane.witnesses);
      },
    );
  }

  /** The fallback of `features.atomicReplace`. A directory at `to` stays: REMOVE refuses it. */
  async #removeAndRename(from: Bytes, to: Bytes): Promise<void> {
    if ((await this.lstat(from)) === null) throw new HotdirError("not-found", { operation: "publish", path: from });
    await this.remove(to);
    await this.#session.send(renameRequest(from, to));
  }

  async #made(path: Bytes, answer: Promise<void>): Promise<void> {
    try {
      await answer;
    } catch (error) {
      throw await whyNotMade(error, path, this.#lane.witnesses);
    }
  }

  /** The session looks at the one path of a request; this is for the other. */
  #checkSendable(operation: string, path: Bytes): void {
    if (path.includes("\0")) throw new HotdirError("name-refused", { operation, path, detail: "no path holds a NUL" });
  }
}

function isTrue(): true {
  return true;
}

function nullIfNotFound(error: unknown): null {
  if (hasCode(error, "not-found")) return null;
  throw error;
}
