/**
 * Repeatable randomness: the same seed gives the same run of numbers. mulberry32, which is enough
 * for choosing moments and names (the contents of files come from `fill`).
 */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** [0, 1) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Bytes that no compression or deduplication makes cheap, and that differ for each call. */
  fill(sizeBytes: number): Buffer {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    const words = sizeBytes >> 2;
    let state = this.between(1, 0x7fffffff);
    for (let at = 0; at < words; at += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes.writeInt32LE(state, at * 4);
    }
    for (let at = words * 4; at < sizeBytes; at += 1) bytes[at] = this.between(0, 255);
    return bytes;
  }
}

/** `HOTDIR_TEST_SEED`, else a new one; printed, so that a failure can be repeated. */
export function chooseSeed(title: string): number {
  const given = process.env["HOTDIR_TEST_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`${title}: HOTDIR_TEST_SEED=${seed}`);
  return seed;
}
