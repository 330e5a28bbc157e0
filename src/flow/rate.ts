/** Files and bytes a second, over the last seconds: a moving mean that follows within a few of them. */
export class Rate {
  #files = 0;
  #bytes = 0;
  #at: number | null = null;
  #last = { files: 0, bytes: 0 };
  readonly #halfLifeMs = 3000;

  /** @param totals all since the start. */
  look(totals: { files: number; bytes: number }, nowMs: number): { filesPerS: number; bytesPerS: number } {
    if (this.#at !== null && nowMs > this.#at) {
      const elapsedMs = nowMs - this.#at;
      const keep = 0.5 ** (elapsedMs / this.#halfLifeMs);
      this.#files = this.#files * keep + ((totals.files - this.#last.files) / elapsedMs) * 1000 * (1 - keep);
      this.#bytes = this.#bytes * keep + ((totals.bytes - this.#last.bytes) / elapsedMs) * 1000 * (1 - keep);
    }
    this.#at = nowMs;
    this.#last = { ...totals };
    return { filesPerS: this.#files, bytesPerS: this.#bytes };
  }
}
