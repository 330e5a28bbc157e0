/** How a daemon ended that nobody asked to end. */
export type Failure = { livedMs: number; status: number | null };

export type RestartState = { failures: number };

export const freshRestarts: RestartState = { failures: 0 };

/** Having lived so long it is well; what ends it then is another story. */
const WELL_AFTER_MS = 60_000;
const LONGEST_MS = 60_000;
/** A bad configuration (2) and an owned state directory (5) do not go away by trying at once. */
const hopeless = new Set([2, 5]);
const HOPELESS_FIRST_MS = 10_000;

/** The first restart comes at once, later ones after 1 s, 2 s, 4 s ... to a minute. */
export function nextRestart(state: RestartState, { livedMs, status }: Failure): { state: RestartState; delayMs: number } {
  const failures = livedMs >= WELL_AFTER_MS ? 1 : state.failures + 1;
  const doubled = (firstMs: number, times: number): number => Math.min(LONGEST_MS, firstMs * 2 ** Math.min(times, 16));
  if (status !== null && hopeless.has(status)) return { state: { failures }, delayMs: doubled(HOPELESS_FIRST_MS, failures - 1) };
  return { state: { failures }, delayMs: failures === 1 ? 0 : doubled(1000, failures - 2) };
}
