import type { Bytes } from "../../../kernel/path.ts";
import { violation } from "./fields.ts";
import type { Attributes, ReadableFile, WritableFile } from "../contract.ts";
import { fsetstatRequest } from "./attributes.ts";
import { readRequest, writeRequest } from "./data.ts";
import { fsyncRequest } from "./extensions/fsync.ts";
import { closeRequest } from "./open.ts";
import type { Handle } from "./request.ts";
import type { SftpSession } from "./session.ts";
import { whyWriteRefused, type Witnesses } from "./why-refused.ts";

/** What an open file needs to know of its lane. */
export type Lane = { session: SftpSession; witnesses: Witnesses; canSync: boolean; readBytesMax: number; writeBytesMax: number };

export class SftpWritableFile implements WritableFile {
  readonly #lane: Lane;
  readonly #handle: Handle;
  readonly #path: Bytes;

  constructor(lane: Lane, handle: Handle, path: Bytes) {
    this.#lane = lane;
    this.#handle = handle;
    this.#path = path;
  }

  write(bytes: Uint8Array, offset: number): Promise<void> {
    if (bytes.length <= this.#lane.writeBytesMax) return this.#writePiece(bytes, offset);
    const pieceBytes = this.#lane.writeBytesMax;
    const pieces: Promise<void>[] = [];
    for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(this.#writePiece(bytes.subarray(at, at + pieceBytes), offset + at));
    return allSettledOrFirstError(pieces);
  }

  setAttributes(attributes: Attributes): Promise<void> {
    return this.#lane.session.send(fsetstatRequest(this.#handle, this.#path, attributes));
  }

  /** Nothing where the server cannot (`features.sync`). */
  sync(): Promise<void> {
    if (!this.#lane.canSync) return Promise.resolve();
    return this.#explained(this.#lane.session.send(fsyncRequest(this.#handle, this.#path)), 0);
  }

  close(): Promise<void> {
    return this.#explained(this.#lane.session.send(closeRequest(this.#handle, this.#path)), 0);
  }

  #writePiece(bytes: Uint8Array, offset: number): Promise<void> {
    return this.#explained(this.#lane.session.send(writeRequest(this.#handle, this.#path, offset, bytes)), bytes.length);
  }

  #explained(answer: Promise<void>, lengthBytes: number): Promise<void> {
    return answer.catch(async (error: unknown) => {
      throw await whyWriteRefused(error, this.#path, lengthBytes, this.#lane.witnesses);
    });
  }
}

/** As `Promise.all`, but settles only when no piece is under way: the buffer may be used again then. */
async function allSettledOrFirstError(pieces: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(pieces)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

export class SftpReadableFile implements ReadableFile {
  readonly #lane: Lane;
  readonly #handle: Handle;
  readonly #path: Bytes;

  constructor(lane: Lane, handle: Handle, path: Bytes) {
    this.#lane = lane;
    this.#handle = handle;
    this.#path = path;
  }

  async read(offset: number, lengthBytes: number): Promise<Buffer> {
    const pieceBytes = this.#lane.readBytesMax;
    if (lengthBytes <= pieceBytes) return this.#readFully(offset, lengthBytes);
    const pieces: Promise<Buffer>[] = [];
    for (let at = 0; at < lengthBytes; at += pieceBytes) pieces.push(this.#readFully(offset + at, Math.min(pieceBytes, lengthBytes - at)));
    const read = await Promise.all(pieces);
    const short = read.findIndex((piece, index) => index < read.length - 1 && piece.length < pieceBytes);
    return Buffer.concat(short < 0 ? read : read.slice(0, short + 1));
  }

  close(): Promise<void> {
    return this.#lane.session.send(closeRequest(this.#handle, this.#path));
  }

  /** A server may give less than was asked for before the end (§6.4); the rest is asked for again. */
  async #readFully(offset: number, lengthBytes: number): Promise<Buffer> {
    const first = await this.#readOnce(offset, lengthBytes);
    if (first.length === lengthBytes || first.length === 0) return first;
    const parts = [first];
    for (let have = first.length; have < lengthBytes;) {
      const next = await this.#readOnce(offset + have, lengthBytes - have);
      if (next.length === 0) break;
      parts.push(next);
      have += next.length;
    }
    return Buffer.concat(parts);
  }

  async #readOnce(offset: number, lengthBytes: number): Promise<Buffer> {
    const bytes = await this.#lane.session.send(readRequest(this.#handle, this.#path, offset, lengthBytes));
    if (bytes.length > lengthBytes) throw violation(`${bytes.length} bytes where ${lengthBytes} were asked for`);
    return bytes;
  }
}
