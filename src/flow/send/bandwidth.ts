import type { Clock, WallMs } from "../../kernel/clock.ts";
import { atTime, localZone, type Zone } from "../schedule.ts";
import type { BandwidthSettings } from "../settings.ts";

/** Who waits looks again so often, since the limit may be another by then. */
const LOOK_MS = 1000;

/**
 * A token bucket: all lanes of a flow take from it before they send. Debt is allowed: a piece waits
 * until what it and those before it take has been earned, so that any size passes and none overtakes.
 * Where the limit depends on the time of day a change holds at once, also for pieces that wait already.
 */
export class Bandwidth {
  readonly #limits: BandwidthSettings;
  readonly #clock: Clock;
  readonly #zone: Zone;
  /** Bytes that were asked for, and those of them that were earned so far (a little more after a rest). */
  #asked = 0;
  #earned = 0;
  #at: number;
  #limitSince: number | null;
  #known: { bytesPerS: number | null; fromMs: WallMs; untilMs: WallMs } | null = null;

  constructor(limits: BandwidthSettings, clock: Clock, zone: Zone = localZone) {
    this.#limits = limits;
    this.#clock = clock;
    this.#zone = zone;
    this.#at = clock.steady();
    this.#limitSince = this.bytesPerS;
  }

  /** What holds now; null: no limit. */
  get bytesPerS(): number | null {
    const now = this.#clock.wall();
    // A clock that was set back makes what is known the future's.
    if (this.#known === null || now < this.#known.fromMs || now >= this.#known.untilMs) {
      const { now: limit, changesAtMs } = atTime(this.#limits, now, this.#zone);
      this.#known = { bytesPerS: limit?.bytesPerS ?? null, fromMs: now, untilMs: changesAtMs ?? Infinity };
    }
    return this.#known.bytesPerS;
  }

  /** Resolves when `sizeBytes` may go. Rejects with the signal's reason. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#limits.length === 0) return;
    this.#earn();
    this.#asked += sizeBytes;
    const mine = this.#asked;
    for (;;) {
      const bytesPerS = this.#earn();
      if (bytesPerS === null || this.#earned >= mine) return;
      await this.#clock.sleep(Math.min(LOOK_MS, ((mine - this.#earned) / bytesPerS) * 1000), signal);
    }
  }

  /** At the limit that held since it was last looked at; what holds from now on is the answer. */
  #earn(): number | null {
    const now = this.#clock.steady();
    const before = this.#limitSince;
    if (before === null) this.#earned = this.#asked;
    else this.#earned = Math.min(this.#asked + before / 10, this.#earned + ((now - this.#at) / 1000) * before);
    this.#at = now;
    this.#limitSince = this.bytesPerS;
    return this.#limitSince;
  }
}
