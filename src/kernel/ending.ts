/**
 * Runs every step of an ending in order, whatever the ones before did, since each lets go of something else.
 * The first error is thrown at the end; later ones, which mostly follow from it, are told to `later`.
 */
export async function runEvery(steps: ReadonlyArray<() => unknown>, later: (error: unknown) => void): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 0) return;
  for (const error of errors.slice(1)) later(error);
  throw errors[0];
}
