import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Log, silentLog } from "../kernel/log.ts";
import { DeliveryLog } from "./delivery-log.ts";

let shown: string[] = [];
let kept: string[] = [];
const log: Log = {
  ...silentLog,
  shown: { ...silentLog, info: (text) => void shown.push(text) },
  kept: { ...silentLog, wants: () => true, info: (text) => void kept.push(text) },
};

beforeEach(() => {
  [shown, kept] = [[], []];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("a few files have a line each, many have one line a second together; the file of the log has a line for each", () => {
  using deliveries = new DeliveryLog(log);
  for (let number = 0; number < 20_000; number++) deliveries.delivered(1024, () => ({ text: `delivered ${number}`, facts: {} }));
  expect(shown.length).toBe(50);
  vi.advanceTimersByTime(1000);
  expect(shown.slice(50)).toEqual(["delivered 19,950 more files, 19.5 MiB; 'hotdir log' has a line for each"]);
  deliveries.delivered(1, () => ({ text: "delivered one", facts: {} }));
  expect(shown.at(-1)).toBe("delivered one");
  expect(kept).toEqual([...Array.from({ length: 20_000 }, (_, number) => `delivered ${number}`), "delivered one"]);
});

test("what was not told yet is told at the end", () => {
  const deliveries = new DeliveryLog(log);
  for (let number = 0; number < 51; number++) deliveries.delivered(2, () => ({ text: "delivered", facts: {} }));
  deliveries[Symbol.dispose]();
  expect(shown.at(-1)).toMatch(/^delivered 1 more file, 2 B/);
});

test("lines that nobody reads are not made", () => {
  using deliveries = new DeliveryLog({ ...log, kept: silentLog });
  let made = 0;
  for (let number = 0; number < 1000; number++) deliveries.delivered(1, () => ({ text: `${made++}`, facts: {} }));
  expect(made).toBe(50);
});
