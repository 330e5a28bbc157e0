import type { SteadyMs } from "../../kernel/clock.ts";

/** One look at how it goes: all that was acknowledged since the last look. */
export type Look = { now: SteadyMs; openLanes: number; lanesMax: number; usefulLanes: number; bytes: number; files: number };

/** A small file costs about as much as so many bytes of a large one. */
const FILE_WORTH_BYTES = 16 * 1024;
/** More lanes must bring at least this much more, else the last step is taken back. */
const GAIN = 1.08;
/** Large steps, since a lane takes a second to open where many are worth having. */
const STEP = 4;
/** After a step that did not help, it is not tried again for so long. */
const SETTLED_MS = 30_000;

/**
 * How many lanes to want: multiplied while that makes the flow faster, and one step back when it did
 * not. Never more than there is work for (`usefulLanes`). Pure but for its own memory.
 */
export class LaneCount {
  #wanted = 1;
  #before: { lanes: number; rate: number } | null = null;
  #lookedAt: SteadyMs | null = null;
  #settledUntil: SteadyMs = 0;

  get wanted(): number {
    return this.#wanted;
  }

  look(look: Look): number {
    const elapsedMs = this.#lookedAt === null ? 0 : look.now - this.#lookedAt;
    this.#lookedAt = look.now;
    const useful = Math.max(1, Math.min(look.usefulLanes, look.lanesMax));
    if (useful < this.#wanted) return this.#reset(useful);
    // Judged only once the lanes that were asked for have carried a whole interval.
    if (elapsedMs === 0 || look.openLanes < this.#wanted || look.now < this.#settledUntil) return this.#wanted;
    const rate = (look.bytes + look.files * FILE_WORTH_BYTES) / elapsedMs;
    if (this.#before !== null && this.#before.lanes < this.#wanted && rate < this.#before.rate * GAIN) {
      this.#settledUntil = look.now + SETTLED_MS;
      return this.#reset(this.#before.lanes);
    }
    if (this.#wanted < useful) {
      this.#before = { lanes: this.#wanted, rate };
      this.#wanted = Math.min(useful, this.#wanted * STEP);
    }
    return this.#wanted;
  }

  #reset(lanes: number): number {
    this.#wanted = lanes;
    this.#before = null;
    return lanes;
  }
}
