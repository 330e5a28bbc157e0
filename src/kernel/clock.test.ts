import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

const day = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ["Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ["forward", day],
  ["back", -day],
])("a wall that is set %s by a day changes no steady time", (_direction, by) => {
  const clock = systemClock();
  const before = clock.steady();
  vi.setSystemTime(clock.wall() + by);
  expect(clock.steady() - before).toBeCloseTo(0, 3);
  expect(clock.wall()).toBe(1_000_000 + by);
  vi.advanceTimersByTime(250);
  expect(clock.steady() - before).toBeCloseTo(250, 3);
});

test("the steady clock starts at the wall's time, less what the wall was ahead before", () => {
  expect(systemClock().steady()).toBeCloseTo(1_000_000, 3);
  expect(systemClock(day).steady()).toBeCloseTo(1_000_000 - day, 3);
});

test("a sleep of more than a timer of Node holds is none that ends at once", async () => {
  const controller = new AbortController();
  const sleeping = systemClock().sleep(30 * day, controller.signal);
  const first = await Promise.race([sleeping, new Promise((resolve) => setTimeout(() => resolve("still asleep"), 20))]);
  expect(first).toBe("still asleep");
  controller.abort(new Error("enough"));
  await expect(sleeping).rejects.toMatchObject({ cause: new Error("enough") });
});

test("a sleep ends at once when it is no longer wanted, with the reason", async () => {
  const controller = new AbortController();
  const sleeping = systemClock().sleep(60_000, controller.signal);
  controller.abort(new Error("stop"));
  await expect(sleeping).rejects.toMatchObject({ cause: new Error("stop") });
});
