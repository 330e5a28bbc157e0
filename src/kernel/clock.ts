import { setTimeout as sleepFor } from "node:timers/promises";

/** Milliseconds since the epoch, as the wall clock tells: for showing to people. */
export type WallMs = number;

/**
 * Milliseconds on the ledger's own clock: it starts at the wall's time and then advances with the
 * monotonic clock only, so that a wall clock that is set forward makes no back-off end and no
 * deletion fall due early, and one that is set back makes nothing wait for a day. For deadlines.
 */
export type SteadyMs = number;

export interface Clock {
  wall(): WallMs;
  steady(): SteadyMs;
  /** Rejects with the signal's reason when it aborts. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

const DAY_MS = 86_400_000;

/** @param skewMs how far the wall clock was ahead of the ledger's clock when the ledger was last closed. */
export function systemClock(skewMs = 0): Clock {
  const start = Date.now() - skewMs - performance.now();
  return {
    wall: () => Date.now(),
    steady: () => start + performance.now(),
    sleep: async (durationMs, signal) => {
      // A timer of Node holds 25 days, and ends at once where it is asked for more.
      let leftMs = durationMs;
      for (; leftMs > DAY_MS; leftMs -= DAY_MS) await sleepFor(DAY_MS, undefined, { signal });
      await sleepFor(Math.max(0, leftMs), undefined, { signal });
    },
  };
}
