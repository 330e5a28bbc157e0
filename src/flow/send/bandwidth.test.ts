import { expect, test } from "vitest";
import { standingClock } from "../../../test/support/ledger.ts";
import type { Clock } from "../../kernel/clock.ts";
import { days } from "../schedule.ts";
import type { BandwidthSettings } from "../settings.ts";
import { Bandwidth } from "./bandwidth.ts";

const never = new AbortController().signal;
const always = (bytesPerS: number): BandwidthSettings => [{ hours: null, bytesPerS }];

/** A clock that moves on by itself to the next of those who sleep, as time does. */
function runningClock(): Clock & { now: number } {
  const sleepers: Array<{ at: number; wake: () => void }> = [];
  const clock = {
    now: 0,
    wall: () => clock.now,
    steady: () => clock.now,
    sleep: async (durationMs: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      await new Promise<void>((wake) => {
        sleepers.push({ at: clock.now + durationMs, wake });
        setImmediate(() => {
          const next = sleepers.toSorted((a, b) => a.at - b.at)[0];
          if (next === undefined) return;
          sleepers.splice(sleepers.indexOf(next), 1);
          clock.now = Math.max(clock.now, next.at);
          next.wake();
        });
      });
    },
  };
  return clock;
}

test("a thousand pieces take the time that the limit allows, whatever their sizes", async () => {
  const clock = standingClock(0);
  const bandwidth = new Bandwidth(always(1_000_000), clock);
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
  const clock = runningClock();
  const bandwidth = new Bandwidth(always(1000), clock);
  const passed: number[] = [];
  const take = async (size: number): Promise<void> => {
    await bandwidth.take(size, never);
    passed.push(Math.round(clock.now));
  };
  await Promise.all([take(5000), take(1000), take(500)]);
  expect(passed).toEqual([5000, 6000, 6500]);
});

test("an idle hour does not allow an hour's worth at once", async () => {
  const clock = standingClock(0);
  const bandwidth = new Bandwidth(always(1000), clock);
  clock.now = 3_600_000;
  await bandwidth.take(1100, never);
  expect(clock.now - 3_600_000).toBeCloseTo(1000, 6);
});

test("without a limit nothing waits", async () => {
  const clock = standingClock(0);
  await new Bandwidth([], clock).take(1e12, never);
  expect(clock.now).toBe(0);
});

test("who waits is let go when it is no longer wanted", async () => {
  const stop = new AbortController();
  stop.abort(new Error("stop"));
  await expect(new Bandwidth(always(1), standingClock()).take(100, stop.signal)).rejects.toThrow("stop");
});

const utc = (): number => 0;
const atMinute = (minute: number): number => minute * 60_000;

test("a limit holds within its hours, the rest has its own, and the change holds at once for what waits already", async () => {
  const clock = runningClock();
  const limits: BandwidthSettings = [
    { hours: { days, fromMinute: 60, toMinute: 120 }, bytesPerS: 1000 },
    { hours: null, bytesPerS: 1_000_000 },
  ];
  const bandwidth = new Bandwidth(limits, clock, utc);
  clock.now = atMinute(120) - 10_000;
  expect(bandwidth.bytesPerS).toBe(1000);
  // At the slow limit this were 1010 s. A tenth of a second is had from the rest before, ten seconds are earned slowly.
  await bandwidth.take(1_010_000, never);
  expect(bandwidth.bytesPerS).toBe(1_000_000);
  expect(clock.now).toBeGreaterThan(atMinute(120) + 899);
  expect(clock.now).toBeLessThan(atMinute(120) + 1100);
});

test("what waits goes at once when the limit ends, and the next limit begins with no debt of before", async () => {
  const clock = runningClock();
  const bandwidth = new Bandwidth([{ hours: { days, fromMinute: 60, toMinute: 120 }, bytesPerS: 1000 }], clock, utc);
  clock.now = atMinute(120) - 5000;
  await bandwidth.take(1e12, never);
  expect(clock.now).toBeLessThanOrEqual(atMinute(120) + 1000);
  await bandwidth.take(1e12, never);
  expect(clock.now).toBeLessThanOrEqual(atMinute(120) + 1000);
  clock.now = atMinute(60 + 1440);
  const before = clock.now;
  await bandwidth.take(1000, never);
  expect(clock.now - before).toBeCloseTo(1000, 6);
});

test("a wall clock that is set back or forward brings the limit of the new time", () => {
  const clock = standingClock(atMinute(90));
  const bandwidth = new Bandwidth([{ hours: { days, fromMinute: 60, toMinute: 120 }, bytesPerS: 1000 }], clock, utc);
  expect(bandwidth.bytesPerS).toBe(1000);
  clock.now = atMinute(30);
  expect(bandwidth.bytesPerS).toBeNull();
  clock.now = atMinute(100);
  expect(bandwidth.bytesPerS).toBe(1000);
  clock.now = atMinute(130);
  expect(bandwidth.bytesPerS).toBeNull();
});
