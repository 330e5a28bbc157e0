import type { Clock, SteadyMs } from "../../kernel/clock.ts";

/** Asked again after so long at the latest, whatever was expected. */
const LATEST_MS = 60_000;

/** When something looks at what is to be done: many calls are one turn, and a later one can be arranged. */
export class Turns implements Disposable {
  readonly #take: () => void;
  readonly #clock: Clock;
  readonly #broken: (error: unknown) => void;
  #pending = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(take: () => void, clock: Clock, broken: (error: unknown) => void) {
    this.#take = take;
    this.#clock = clock;
    this.#broken = broken;
  }

  soon(): void {
    if (this.#pending) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      try {
        this.#take();
      } catch (error) {
        this.#broken(error);
      }
    });
  }

  /** Instead of what was arranged before. */
  at(at: SteadyMs): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.soon(), Math.min(LATEST_MS, Math.max(1, at - this.#clock.steady() + 1)));
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
