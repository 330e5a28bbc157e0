import type { Bytes } from "../../../kernel/path.ts";

const SLAB_BYTES = 64 * 1024;
/** Payloads above this travel by reference: a copy costs less than one more entry in a writev below it. */
const COPIED_BYTES_MAX = 16 * 1024;
const SLABS_KEPT = 64;

/** Bytes to send, in order, and the slabs that may be written over once they are sent. */
export type Batch = { chunks: Uint8Array[]; spent: Buffer[] };

/**
 * Encodes packets one after another into slabs, so that a hundred small packets become one write.
 * A packet is `begin`, then exactly the `bodyBytes` promised there. Integers are big-endian (§4).
 */
export class PacketWriter {
  /** Encoded and not yet taken. */
  pendingBytes = 0;
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #start = 0;
  #at = 0;
  #chunks: Uint8Array[] = [];
  #spent: Buffer[] = [];
  #free: Buffer[] = [];

  /** @param bodyBytes what follows the request's id, without a `payload`; @param payloadBytes the length of that. */
  begin(type: number, id: number, bodyBytes: number, payloadBytes = 0): void {
    const packetBytes = 4 + 1 + 4 + bodyBytes + (payloadBytes > COPIED_BYTES_MAX ? 0 : payloadBytes);
    if (packetBytes > SLAB_BYTES - this.#at) this.#nextSlab(packetBytes);
    this.pendingBytes += 9 + bodyBytes + payloadBytes;
    this.u32(5 + bodyBytes + payloadBytes);
    this.#slab[this.#at++] = type;
    this.u32(id);
  }

  u32(value: number): void {
    const slab = this.#slab;
    const at = this.#at;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
    this.#at = at + 4;
  }

  /** Exact up to 2^53. */
  u64(value: number): void {
    this.u32(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  /** A string: its length and its bytes. */
  text(bytes: Bytes | string): void {
    const length = bytes.length;
    this.u32(length);
    const slab = this.#slab;
    const at = this.#at;
    if (length > 64) slab.write(bytes, at, length, "latin1");
    else for (let index = 0; index < length; index++) slab[at + index] = bytes.charCodeAt(index);
    this.#at = at + length;
  }

  /** A string of `payloadBytes` as the last field; a large one is not copied and must stay as it is until it is sent. */
  payload(bytes: Uint8Array): void {
    this.u32(bytes.length);
    if (bytes.length <= COPIED_BYTES_MAX) {
      this.#slab.set(bytes, this.#at);
      this.#at += bytes.length;
      return;
    }
    this.#cut();
    this.#chunks.push(bytes);
  }

  take(): Batch {
    this.#cut();
    const batch = { chunks: this.#chunks, spent: this.#spent };
    this.#chunks = [];
    this.#spent = [];
    this.pendingBytes = 0;
    return batch;
  }

  /** Gives back the slabs of a batch that is sent. */
  release(spent: Buffer[]): void {
    for (const slab of spent) if (this.#free.length < SLABS_KEPT && slab.length === SLAB_BYTES) this.#free.push(slab);
  }

  #cut(): void {
    if (this.#at > this.#start) this.#chunks.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }

  #nextSlab(packetBytes: number): void {
    this.#cut();
    this.#spent.push(this.#slab);
    this.#slab = packetBytes > SLAB_BYTES ? Buffer.allocUnsafeSlow(packetBytes) : (this.#free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES));
    this.#start = 0;
    this.#at = 0;
  }
}
