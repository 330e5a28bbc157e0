import fc from "fast-check";
import { expect, test } from "vitest";
import { formatWireTime, parseWireTime } from "./wire-time.ts";

test("times are written as sr3 writes them: no trailing zeros, no dot without a fraction", () => {
  const second = BigInt(Date.UTC(2026, 10, 22, 1, 3, 19)) * 1_000_000n;
  expect(formatWireTime(second)).toBe("20261122T010319");
  expect(formatWireTime(second + 250_000_000n)).toBe("20261122T010319.25");
  expect(formatWireTime(second + 1n)).toBe("20261122T010319.000000001");
  expect(formatWireTime(-1n)).toBe("19691231T235959.999999999");
});

test("sr3's tenth decimal and its broken exponents are read, to less than 0.1 ms", () => {
  expect(parseWireTime("20261122T011209.0475766659")).toBe(parseWireTime("20261122T011209.047576665"));
  const broken = parseWireTime("20231114T221320.00135803e-05")! - parseWireTime("20231114T221320")!;
  expect(broken >= 0n && broken < 100_000n).toBe(true);
});

test("what is no time is none", () => {
  const wrong = ["", "2026", "20261322T010319", "20260230T010319", "20261122T240000", "20261122T010319.", "20261122T010319Z", "1e9"];
  expect(wrong.map(parseWireTime)).toEqual(wrong.map(() => null));
  expect(formatWireTime(BigInt(Date.UTC(10_000, 0, 1)) * 1_000_000n)).toBe(null);
});

test("every nanosecond of ten thousand years survives", () => {
  const first = BigInt(new Date("0000-01-01T00:00:00Z").getTime()) * 1_000_000n;
  const last = BigInt(new Date("9999-12-31T23:59:59Z").getTime()) * 1_000_000n;
  fc.assert(
    fc.property(fc.bigInt(first, last), (ns) => {
      expect(parseWireTime(formatWireTime(ns)!)).toBe(ns);
    }),
  );
});
