import type { Clock } from "../../kernel/clock.ts";

/**
 * A token bucket: all lanes of a flow take from it before they send. Debt is allowed: a piece waits
 * until what it and those before it take has been earned, so that any size passes and none overtakes.
 */
export class Bandwidth {
  #bytesPerS: number | null;
  #credit = 0;
  #at: number;
  readonly #clock: Clock;

  constructor(bytesPerS: number | null, clock: Clock) {
    this.#bytesPerS = bytesPerS;
    this.#clock = clock;
    this.#at = clock.steady();
  }

  /** Resolves when `sizeBytes` may go. Rejects with the signal's reason. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerS === null) return;
    this.#refill(this.#bytesPerS);
    this.#credit -= sizeBytes;
    if (this.#credit < 0) await this.#clock.sleep((-this.#credit / this.#bytesPerS) * 1000, signal);
  }

  #refill(bytesPerS: number): void {
    const now = this.#clock.steady();
    const burst = bytesPerS / 10;
    this.#credit = Math.min(burst, this.#credit + ((now - this.#at) / 1000) * bytesPerS);
    this.#at = now;
  }
}
