import { expect, test } from "vitest";
import { formatAge, formatBytes, formatCount, formatMany, formatPerS } from "./readable.ts";

test("bytes have three digits that matter", () => {
  expect([0, 999, 1000, 1024, 1536, 10 * 1024, 340 * 2 ** 20, 1023 * 2 ** 20, 1.2345 * 2 ** 30, 2 ** 62].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "0.98 KiB",
    "1 KiB",
    "1.5 KiB",
    "10 KiB",
    "340 MiB",
    "1 GiB",
    "1.23 GiB",
    "4096 PiB",
  ]);
});

test("ages have one unit", () => {
  expect([0, 400, 9949, 12_000, 119_999, 120_000, 7_200_000, 172_800_000].map(formatAge)).toEqual([
    "0 s",
    "0.4 s",
    "9.9 s",
    "12 s",
    "119 s",
    "2 min",
    "2 h",
    "2 d",
  ]);
});

test("counts are grouped, and one is one", () => {
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect([formatMany(1, "file"), formatMany(0, "file"), formatMany(2, "directory", "directories")]).toEqual([
    "1 file",
    "0 files",
    "2 directories",
  ]);
  expect([formatPerS(0), formatPerS(0.44), formatPerS(12.3)]).toEqual(["0", "0.4", "12"]);
});
