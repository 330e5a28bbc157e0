import { expect, test } from "vitest";
import { interval, localDateTime } from "./sqlalchemy-time.ts";

test("a time is local, with six digits of a second", () => {
  const at = new Date(2026, 10, 29, 1, 2, 3, 4).getTime();
  expect(localDateTime(BigInt(at) * 1000n + 56n)).toBe("2026-11-29 01:02:03.004056");
  expect(localDateTime(-1n)).toBe(localDateTime(-1_000_000n).replace(/\.\d+$/, ".999999"));
});

test("an interval counts from the beginning of 1970, whatever the time zone", () => {
  expect(interval(0n)).toBe("1970-01-01 00:00:00.000000");
  expect(interval(90_061_000_007n)).toBe("1970-01-02 01:01:01.000007");
});
