/** So many at one time; further ones wait in order. */
export class Places {
  #free: number;
  readonly #waiting: Array<() => void> = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** False: the signal aborted before there was one. */
  async take(signal: AbortSignal): Promise<boolean> {
    while (this.#free === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          signal.removeEventListener("abort", go);
          resolve();
        };
        this.#waiting.push(go);
        signal.addEventListener("abort", go, { once: true });
      });
    }
    if (signal.aborted) {
      // It may have been woken for the place that it does not take.
      this.#wake();
      return false;
    }
    this.#free -= 1;
    return true;
  }

  leave(): void {
    this.#free += 1;
    this.#wake();
  }

  #wake(): void {
    if (this.#free > 0) this.#waiting.shift()?.();
  }
}
