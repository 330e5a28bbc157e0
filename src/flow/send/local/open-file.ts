import type { FileHandle } from "node:fs/promises";
import type { Bytes } from "../../../kernel/path.ts";
import type { Attributes, ReadableFile, WritableFile } from "../contract.ts";
import { errorOfErrno } from "./errno.ts";

/** Calls take effect in the order in which they were made: each waits for the one before, whether that succeeded or not. */
export class LocalWritableFile implements WritableFile {
  readonly #handle: FileHandle;
  readonly #path: Bytes;
  #last: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, path: Bytes) {
    this.#handle = handle;
    this.#path = path;
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#next("write", async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
    });
  }

  setAttributes(attributes: Attributes): Promise<void> {
    return this.#next("set attributes", async () => {
      if (attributes.mode !== undefined) await this.#handle.chmod(attributes.mode & 0o7777);
      if (attributes.mtimeS !== undefined) await this.#handle.utimes(attributes.mtimeS, attributes.mtimeS);
    });
  }

  sync(): Promise<void> {
    return this.#next("sync", () => this.#handle.sync());
  }

  close(): Promise<void> {
    return this.#next("close", () => this.#handle.close());
  }

  #next(operation: string, step: () => Promise<void>): Promise<void> {
    const result = this.#last.then(step).catch((error: unknown) => {
      throw errorOfErrno(error, operation, this.#path);
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

export class LocalReadableFile implements ReadableFile {
  readonly #handle: FileHandle;
  readonly #path: Bytes;
  readonly #reading = new Set<Promise<unknown>>();

  constructor(handle: FileHandle, path: Bytes) {
    this.#handle = handle;
    this.#path = path;
  }

  read(offset: number, lengthBytes: number): Promise<Buffer> {
    const reading = this.#read(offset, lengthBytes).catch((error: unknown) => {
      throw errorOfErrno(error, "read", this.#path);
    });
    this.#reading.add(reading);
    const done = (): void => void this.#reading.delete(reading);
    reading.then(done, done);
    return reading;
  }

  /** Reads that are under way end first. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#reading);
    await this.#handle.close().catch((error: unknown) => {
      throw errorOfErrno(error, "close", this.#path);
    });
  }

  async #read(offset: number, lengthBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(lengthBytes);
    let have = 0;
    while (have < lengthBytes) {
      const { bytesRead } = await this.#handle.read(buffer, have, lengthBytes - have, offset + have);
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    return buffer.subarray(0, have);
  }
}
