import { HotdirError } from "../../../kernel/errors.ts";
import type { Bytes } from "../../../kernel/path.ts";

/** Reads the fields of one packet; whatever the bytes are, it gives a value or throws `protocol-violation`. */
export class Fields {
  #buffer: Buffer;
  #at: number;
  #end: number;
  #owned: boolean;

  constructor(buffer: Buffer = Buffer.alloc(0), start = 0, end = buffer.length, owned = false) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
    this.#owned = owned;
  }

  /** Points it at another packet, so that none need be made per answer. */
  reset(buffer: Buffer, start: number, end: number, owned: boolean): void {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
    this.#owned = owned;
  }

  get remainingBytes(): number {
    return this.#end - this.#at;
  }

  u32(): number {
    const at = this.#advance(4);
    const buffer = this.#buffer;
    return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
  }

  /** Above 2^53 the nearest number: sizes and counts, nothing that is compared bit by bit. */
  u64(): number {
    const high = this.u32();
    return high * 0x1_0000_0000 + this.u32();
  }

  text(): Bytes {
    const lengthBytes = this.u32();
    const at = this.#advance(lengthBytes);
    return this.#buffer.toString("latin1", at, at + lengthBytes) as Bytes;
  }

  /** Bytes that stay valid: those of a chunk shared with other packets are copied. */
  data(): Buffer {
    const lengthBytes = this.u32();
    const at = this.#advance(lengthBytes);
    const bytes = this.#buffer.subarray(at, at + lengthBytes);
    return this.#owned ? bytes : Buffer.from(bytes);
  }

  #advance(lengthBytes: number): number {
    const at = this.#at;
    if (lengthBytes > this.#end - at) throw violation(`a field of ${lengthBytes} bytes where ${this.#end - at} are left`);
    this.#at = at + lengthBytes;
    return at;
  }
}

export function violation(detail: string): HotdirError {
  return new HotdirError("protocol-violation", { operation: "read answers", detail });
}
