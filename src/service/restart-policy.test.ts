import fc from "fast-check";
import { expect, test } from "vitest";
import { type Failure, freshRestarts, nextRestart } from "./restart-policy.ts";

function delaysOf(failures: Failure[]): number[] {
  let state = freshRestarts;
  return failures.map((failure) => {
    const next = nextRestart(state, failure);
    state = next.state;
    return next.delayMs;
  });
}

test("the first restart comes at once, then the wait doubles up to a minute", () => {
  const crash = { livedMs: 500, status: 1 };
  expect(delaysOf(Array.from({ length: 10 }, () => crash))).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("a daemon that lived for a minute is started at once again, whatever was before", () => {
  const crash = { livedMs: 500, status: null };
  expect(delaysOf([crash, crash, crash, { livedMs: 60_000, status: null }, crash])).toEqual([0, 1000, 2000, 0, 1000]);
});

test("a bad configuration and an owned state directory are never tried again at once", () => {
  for (const status of [2, 5])
    expect(delaysOf(Array.from({ length: 4 }, () => ({ livedMs: 300, status })))).toEqual([10_000, 20_000, 40_000, 60_000]);
});

test("no wait is longer than a minute, after any history", () => {
  const failure = fc.record({ livedMs: fc.nat(200_000), status: fc.option(fc.nat(255)) });
  fc.assert(
    fc.property(fc.array(failure, { maxLength: 100 }), (failures) => {
      for (const delayMs of delaysOf(failures)) expect(delayMs >= 0 && delayMs <= 60_000).toBe(true);
    }),
  );
});
