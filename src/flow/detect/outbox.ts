import type { Sighting } from "./contract.ts";

/**
 * Sightings on their way to the main thread, in batches. At most `batchesMax` are under way, so
 * that a slow receiver stops the looking, not fills the memory.
 */
export class Outbox {
  readonly #batchMax: number;
  readonly #batchesMax: number;
  readonly #post: (sightings: Sighting[]) => void;
  #batch: Sighting[] = [];
  #underWay = 0;

  constructor(options: { batchMax: number; batchesMax: number; post: (sightings: Sighting[]) => void }) {
    this.#batchMax = options.batchMax;
    this.#batchesMax = options.batchesMax;
    this.#post = options.post;
  }

  /** Whether more may be looked at now. A piece of work that was begun may go a little over. */
  get room(): boolean {
    return this.#underWay < this.#batchesMax;
  }

  add(sighting: Sighting): void {
    this.#batch.push(sighting);
    if (this.#batch.length >= this.#batchMax) this.flush();
  }

  /** Posts what there is, whether or not the batch is full. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const sightings = this.#batch;
    this.#batch = [];
    this.#underWay++;
    this.#post(sightings);
  }

  taken(): void {
    // A batch of a root that was lost meanwhile may still be given back.
    this.#underWay = Math.max(0, this.#underWay - 1);
  }
}
