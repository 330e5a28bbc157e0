/** So many at one time; further ones wait in order. */
export class Places {
  #free: number;
  /** Each gets the place of one who leaves; whoever stops waiting is not in here any more. */
  readonly #waiting = new Set<(taken: boolean) => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** False: the signal aborted before there was one. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const abort = (): void => {
      if (this.#waiting.delete(resolve)) resolve(false);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else {
      this.#waiting.delete(next);
      next(true);
    }
  }
}
