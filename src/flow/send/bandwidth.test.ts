import { expect, test } from "vitest";
import { standingClock } from "../../../test/support/ledger.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Bandwidth } from "./bandwidth.ts";

const never = new AbortController().signal;

test("a thousand pieces take the time that the limit allows, whatever their sizes", async () => {
  const clock = standingClock(0);
  const bandwidth = new Bandwidth(1_000_000, clock);
  let bytes = 0;
  for (let piece = 0; piece < 1000; piece++) {
    const size = 1 + ((piece * 7919) % 60_000);
    bytes += size;
    await bandwidth.take(size, never);
  }
  expect(clock.now).toBeGreaterThanOrEqual((bytes / 1_000_000) * 1000 - 1);
  expect(clock.now).toBeLessThan((bytes / 1_000_000) * 1000 * 1.01);
});

test("a piece larger than a second's worth passes, and those behind it wait for it too", async () => {
  const clock = standingClock(0);
  const waits: number[] = [];
  const noting: Clock = { ...clock, steady: () => 0, sleep: async (durationMs) => void waits.push(durationMs) };
  const bandwidth = new Bandwidth(1000, noting);
  await Promise.all([bandwidth.take(5000, never), bandwidth.take(1000, never)]);
  expect(waits).toEqual([5000, 6000]);
});

test("an idle hour does not allow an hour's worth at once", async () => {
  const clock = standingClock(0);
  const bandwidth = new Bandwidth(1000, clock);
  clock.now = 3_600_000;
  await bandwidth.take(1100, never);
  expect(clock.now - 3_600_000).toBeCloseTo(1000, 6);
});

test("without a limit nothing waits", async () => {
  const clock = standingClock(0);
  await new Bandwidth(null, clock).take(1e12, never);
  expect(clock.now).toBe(0);
});

test("who waits is let go when it is no longer wanted", async () => {
  const stop = new AbortController();
  stop.abort(new Error("stop"));
  await expect(new Bandwidth(1, standingClock()).take(100, stop.signal)).rejects.toThrow("stop");
});
