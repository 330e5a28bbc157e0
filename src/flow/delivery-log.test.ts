import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Log, silentLog } from "../kernel/log.ts";
import { DeliveryLog } from "./delivery-log.ts";

let lines: string[] = [];
const log: Log = { ...silentLog, info: (text) => void lines.push(text) };

beforeEach(() => {
  lines = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("a few files have a line each, many have one line a second together", () => {
  using deliveries = new DeliveryLog(log);
  for (let number = 0; number < 20_000; number++) deliveries.delivered(1024, () => ({ text: `delivered ${number}`, facts: {} }));
  expect(lines.length).toBe(50);
  vi.advanceTimersByTime(1000);
  expect(lines.slice(50)).toEqual(["delivered 19,950 more files, 19.5 MiB"]);
  deliveries.delivered(1, () => ({ text: "delivered one", facts: {} }));
  expect(lines.at(-1)).toBe("delivered one");
});

test("what was not told yet is told at the end", () => {
  const deliveries = new DeliveryLog(log);
  for (let number = 0; number < 51; number++) deliveries.delivered(2, () => ({ text: "delivered", facts: {} }));
  deliveries[Symbol.dispose]();
  expect(lines.at(-1)).toBe("delivered 1 more file, 2 B");
});
