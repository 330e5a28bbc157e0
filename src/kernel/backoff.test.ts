import fc from "fast-check";
import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.ts";

const backoff = { minMs: 2000, maxMs: 600_000 };

test("the wait doubles from the first failure on", () => {
  expect([0, 1, 2, 3, 4].map((failures) => backoffDelayMs(backoff, failures, () => 0.5))).toEqual([2000, 2000, 4000, 8000, 16_000]);
});

test("the wait is never above the greatest one and never below three quarters of the least, after any number of failures", () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.double({ min: 0, max: 0.9999, noNaN: true }), (failures, luck) => {
      const delayMs = backoffDelayMs(backoff, failures, () => luck);
      expect(delayMs).toBeGreaterThanOrEqual(1500);
      expect(delayMs).toBeLessThanOrEqual(600_000);
    }),
  );
});

test("jitter spreads the waits by a quarter either way", () => {
  expect(backoffDelayMs(backoff, 1, () => 0)).toBe(1500);
  expect(backoffDelayMs(backoff, 1, () => 1)).toBe(2500);
});
