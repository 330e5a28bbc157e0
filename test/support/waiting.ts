import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until the answer is one, and gives it back. For facts of other processes, which tell no event:
 * what can be awaited is awaited. Fails after `timeoutMs` with `what` and the last answer.
 */
export async function waitUntil<Answer>(
  what: string,
  ask: () => Answer | null | false | undefined | Promise<Answer | null | false | undefined>,
  options: { timeoutMs?: number; everyMs?: number; explain?: () => string } = {},
): Promise<Answer> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false && answer !== undefined) return answer;
    if (performance.now() > endMs)
      throw new Error(`not within ${timeoutMs} ms: ${what}${options.explain === undefined ? "" : `\n${options.explain()}`}`);
    await sleep(options.everyMs ?? 50);
  }
}
