import { HotdirError } from "../../../kernel/errors.ts";
import { show, bytesOf } from "../../../kernel/path.ts";
import { PACKET_BYTES_MAX } from "./protocol.ts";

/** The bytes of one packet without its length: `buffer[start]` is the type. Valid during the call only, unless `owned`. */
export type PacketHandler = (buffer: Buffer, start: number, end: number, owned: boolean) => void;

/**
 * Cuts the incoming stream into packets. A packet that lies within one chunk is handed on where it
 * lies; one that does not is gathered in a buffer of its own (`owned`). Holds at most one packet.
 */
export class PacketReader {
  readonly #onPacket: PacketHandler;
  readonly #length = Buffer.alloc(4);
  #lengthHave = 0;
  #partial: Buffer | null = null;
  #partialHave = 0;

  constructor(onPacket: PacketHandler) {
    this.#onPacket = onPacket;
  }

  /** Throws `protocol-violation` for a length that no packet has; the stream is of no use afterwards. */
  push(chunk: Buffer): void {
    let at = this.#resume(chunk);
    while (chunk.length - at >= 4) {
      const lengthBytes = checkLength(chunk, at);
      at += 4;
      if (chunk.length - at < lengthBytes) {
        at = this.#gather(lengthBytes, chunk, at);
      } else {
        this.#onPacket(chunk, at, at + lengthBytes, false);
        at += lengthBytes;
      }
    }
    while (at < chunk.length) this.#length[this.#lengthHave++] = chunk[at++]!;
  }

  /** Whether the stream stands between two packets. */
  get idle(): boolean {
    return this.#partial === null && this.#lengthHave === 0;
  }

  /** Completes what the last chunk left unfinished; returns where the next packet starts. */
  #resume(chunk: Buffer): number {
    let at = 0;
    if (this.#lengthHave > 0) {
      while (this.#lengthHave < 4 && at < chunk.length) this.#length[this.#lengthHave++] = chunk[at++]!;
      if (this.#lengthHave < 4) return at;
      this.#lengthHave = 0;
      return this.#gather(checkLength(this.#length, 0), chunk, at);
    }
    const partial = this.#partial;
    return partial === null ? 0 : this.#fill(partial, chunk, 0);
  }

  #gather(lengthBytes: number, chunk: Buffer, at: number): number {
    const partial = Buffer.allocUnsafeSlow(lengthBytes);
    this.#partialHave = 0;
    return this.#fill(partial, chunk, at);
  }

  #fill(partial: Buffer, chunk: Buffer, at: number): number {
    const taken = Math.min(partial.length - this.#partialHave, chunk.length - at);
    chunk.copy(partial, this.#partialHave, at, at + taken);
    this.#partialHave += taken;
    this.#partial = partial;
    if (this.#partialHave === partial.length) {
      this.#partial = null;
      this.#onPacket(partial, 0, partial.length, true);
    }
    return at + taken;
  }
}

function checkLength(buffer: Buffer, at: number): number {
  const lengthBytes = buffer.readUInt32BE(at);
  if (lengthBytes < 5 || lengthBytes > PACKET_BYTES_MAX) {
    const seen = show(bytesOf(buffer.subarray(at, at + 64)));
    throw new HotdirError("protocol-violation", { operation: "read answers", detail: `a packet of ${lengthBytes} bytes: "${seen}"` });
  }
  return lengthBytes;
}
