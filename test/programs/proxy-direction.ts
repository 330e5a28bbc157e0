import type { Socket } from "node:net";
import type { ProxyRules } from "../support/proxy-rules.ts";

const CHUNK_BYTES = 512 * 1024;
/** What one direction may hold back, for delay times bandwidth: 1 GB/s for 64 ms. Then it stops reading. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** Chunks that wait to be used again, over all connections. */
const POOL_MAX = 64;

const pool: Buffer[] = [];

type Held = { bytes: Buffer; whole: Buffer; dueMs: number };

/** One direction of one connection: bytes in from a socket, held as the rules say, out to the other. */
export class Direction {
  passedBytes = 0;
  countsForCut = false;
  readonly #rules: () => ProxyRules;
  readonly #cut: () => void;
  #from: Socket | null = null;
  #to: Socket | null = null;
  #current: Buffer = take();
  /** How much of the current chunk is filled; small reads share a chunk rather than take one each. */
  #held: Held[] = [];
  #heldBytes = 0;
  #writingBytes = 0;
  #ended = false;
  #timer: NodeJS.Timeout | null = null;
  #paidUntilMs = 0;

  constructor(rules: () => ProxyRules, cut: () => void) {
    this.#rules = rules;
    this.#cut = cut;
  }

  /** The `onread` option of the socket that bytes come from: each read goes to a fresh chunk of the pool. */
  reads(): { buffer: () => Buffer; callback: (count: number, buffer: Uint8Array) => boolean } {
    return {
      buffer: () => (this.#current = take()),
      callback: (count) => this.#take(count),
    };
  }

  between(from: Socket, to: Socket): void {
    this.#from = from;
    this.#to = to;
    from.on("end", () => {
      this.#ended = true;
      this.#pump();
    });
  }

  wake(): void {
    this.#pump();
    this.#resumeReading();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #take(count: number): boolean {
    const whole = this.#current;
    const rules = this.#rules();
    if (rules.bytes === "black-hole") return (give(whole), true);
    const bytes = shared(whole, count);
    this.#held.push({ bytes, whole: bytes.buffer === whole.buffer ? whole : bytes, dueMs: performance.now() + rules.delayMs });
    this.#heldBytes += count;
    this.#pump();
    return this.#mayRead();
  }

  #mayRead(): boolean {
    return this.#rules().bytes !== "stall" && this.#heldBytes + this.#writingBytes < HELD_BYTES_MAX;
  }

  #resumeReading(): void {
    if (this.#mayRead() && this.#from !== null && !this.#from.destroyed) this.#from.resume();
  }

  #pump(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const rules = this.#rules();
    if (rules.bytes === "stall") return;
    for (let head = this.#held[0]; head !== undefined; head = this.#held[0]) {
      const dueMs = Math.max(head.dueMs, this.#paidUntilMs);
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#held.shift();
      this.#pass(head, rules, dueMs);
    }
    if (this.#ended && this.#writingBytes === 0) this.#to?.end();
  }

  #pass(held: Held, rules: ProxyRules, dueMs: number): void {
    const count = held.bytes.length;
    this.#heldBytes -= count;
    this.passedBytes += count;
    if (rules.bandwidthBytesPerS !== null) {
      this.#paidUntilMs = Math.max(dueMs, performance.now() - 20) + (count / rules.bandwidthBytesPerS) * 1000;
    }
    if (this.countsForCut && rules.cutAfterBytes !== null && this.passedBytes >= rules.cutAfterBytes) return this.#cut();
    this.#writingBytes += count;
    this.#to?.write(held.bytes, () => {
      this.#writingBytes -= count;
      give(held.whole);
      this.#resumeReading();
      if (this.#ended) this.#pump();
    });
  }
}

/** Small reads are copied out, so that a held keystroke does not keep half a megabyte. */
function shared(whole: Buffer, count: number): Buffer {
  if (count > CHUNK_BYTES / 4) return whole.subarray(0, count);
  const copy = Buffer.from(whole.subarray(0, count));
  give(whole);
  return copy;
}

function take(): Buffer {
  return pool.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

function give(chunk: Buffer): void {
  if (chunk.length === CHUNK_BYTES && pool.length < POOL_MAX) pool.push(chunk);
}
