/** Waiting times between tries: from `minMs`, doubled each time, up to `maxMs`. */
export type Backoff = { minMs: number; maxMs: number };

/**
 * The wait before try `failures + 1`, with jitter of a quarter either way, so that many waiters do
 * not come back at one moment. Never above `maxMs`.
 */
export function backoffDelayMs(backoff: Backoff, failures: number, random: () => number = Math.random): number {
  const doubled = backoff.minMs * 2 ** Math.min(Math.max(failures - 1, 0), 40);
  return Math.min(backoff.maxMs, doubled * (0.75 + random() * 0.5));
}
