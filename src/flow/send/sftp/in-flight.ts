import { assert } from "../../../kernel/errors.ts";
import type { Request } from "./request.ts";

/** A request that somebody waits for. */
export type Pending = { request: Request<unknown>; resolve: (result: unknown) => void; reject: (error: Error) => void };

/** Slots for requests in flight; a power of two, so that an id is a slot and, above it, how often that was used. */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;

/**
 * The requests that were sent and not answered. An array in place of a map: an id names its slot,
 * and an id that is not exactly the one last given out for the slot belongs to nobody.
 */
export class InFlight {
  count = 0;
  costBytes = 0;
  readonly #pending = Array.from<Pending | null>({ length: SLOTS }).fill(null);
  readonly #ids = new Uint32Array(SLOTS);
  readonly #free = new Uint16Array(SLOTS).map((_, index) => SLOTS - 1 - index);
  readonly #countMax: number;
  readonly #bytesMax: number;

  constructor(limits: { requests: number; bytes: number }) {
    assert(limits.requests <= SLOTS, `at most ${SLOTS} requests in flight`);
    this.#countMax = limits.requests;
    this.#bytesMax = limits.bytes;
  }

  /** One request larger than the limit of bytes goes alone. */
  hasRoom(costBytes: number): boolean {
    return this.count < this.#countMax && (this.costBytes === 0 || this.costBytes + costBytes <= this.#bytesMax);
  }

  /** Returns the request's id. */
  add(pending: Pending): number {
    const slot = this.#free[SLOTS - 1 - this.count]!;
    this.count++;
    this.costBytes += pending.request.costBytes;
    this.#pending[slot] = pending;
    const id = (this.#ids[slot]! + SLOTS) >>> 0;
    const full = ((id & ~(SLOTS - 1)) | slot) >>> 0;
    this.#ids[slot] = full;
    return full;
  }

  /** null: nobody waits for this id. */
  take(id: number): Pending | null {
    const slot = id & (SLOTS - 1);
    const pending = this.#pending[slot]!;
    if (pending === null || this.#ids[slot] !== id) return null;
    this.#pending[slot] = null;
    this.count--;
    this.#free[SLOTS - 1 - this.count] = slot;
    this.costBytes -= pending.request.costBytes;
    return pending;
  }

  takeAll(): Pending[] {
    const all = this.#pending.filter((pending) => pending !== null);
    for (let slot = 0; slot < SLOTS; slot++) if (this.#pending[slot] !== null) this.take(this.#ids[slot]!);
    return all;
  }
}
