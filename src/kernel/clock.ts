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

/** @param skewMs how far the wall clock was ahead of the ledger's clock when the ledger was last closed. */
export function systemClock(skewMs = 0): Clock {
  const start = Date.now() - skewMs - performance.now();
  return {
    wall: () => Date.now(),
    steady: () => start + performance.now(),
    sleep: (durationMs, signal) => sleepFor(Math.max(0, durationMs), undefined, { signal }),
  };
}
