import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatDuration,
  formatDurationRange,
  formatRate,
  formatSize,
  parseDuration,
  parseDurationRange,
  parsePercent,
  parseRate,
  parseRsyncRate,
  parseSize,
} from "./units.ts";

describe("sizes", () => {
  it.each([
    ["1M", 1024 ** 2],
    ["1MiB", 1024 ** 2],
    ["1MB", 1e6],
    ["64k", 65_536],
    ["1.5G", 1.5 * 1024 ** 3],
    ["10 GB", 1e10],
    ["1048576", 1_048_576],
    ["0", 0],
    ["100B", 100],
  ])("reads %s as rsync and dd do", (text, sizeBytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: sizeBytes });
  });

  it.each([
    ["64Mb", "64MB"],
    ["50MB/s", "50MB"],
  ])("refuses %s and suggests what was meant", (text, suggestion) => {
    expect(parseSize(text)).toMatchObject({ ok: false, suggestion });
  });

  it.each(["", "M", "-1M", "1.5", "1e9", "1X", "9999999P", "1iB", "NaN", "0x10"])("refuses %j", (text) => {
    expect(parseSize(text).ok).toBe(false);
  });

  it("prints a size so that it reads the same again", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (sizeBytes) => {
        expect(parseSize(formatSize(sizeBytes))).toEqual({ ok: true, value: sizeBytes });
      }),
    );
  });
});

describe("durations", () => {
  it.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["0s", 0],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
    ["2w", 1_209_600_000],
  ])("reads %s", (text, durationMs) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: durationMs });
  });

  it.each([
    ["10", "10s"],
    ["10 minutes", "10m"],
    ["5min", "5m"],
    ["10M", "10m"],
    ["3 days", "3d"],
  ])("refuses %s and suggests %s", (text, suggestion) => {
    expect(parseDuration(text)).toMatchObject({ ok: false, suggestion });
  });

  it.each(["", "s", "-1s", "1x", "99999999d", "1constructor", "1__proto__"])("refuses %j", (text) => {
    expect(parseDuration(text).ok).toBe(false);
  });

  it("prints a duration so that it reads the same again", () => {
    const durations = fc.integer({ min: 0, max: 36_525 * 86_400_000 });
    fc.assert(
      fc.property(durations, (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toEqual({ ok: true, value: durationMs });
      }),
    );
  });

  it("prints a range so that it reads the same again", () => {
    const durations = fc.integer({ min: 0, max: 1e12 });
    fc.assert(
      fc.property(durations, durations, (a, b) => {
        const range = { minMs: Math.min(a, b), maxMs: Math.max(a, b) };
        expect(parseDurationRange(formatDurationRange(range))).toEqual({ ok: true, value: range });
      }),
    );
  });

  it("refuses a range that ends before it begins, and turns it around", () => {
    expect(parseDurationRange("10m..2s")).toMatchObject({ ok: false, suggestion: "2s..10m" });
  });

  it.each(["1s..2s..3s", "..", "2s..", "..2s", "2s-10m"])("refuses the range %j", (text) => {
    expect(parseDurationRange(text).ok).toBe(false);
  });
});

describe("rates", () => {
  it.each([
    ["50MB/s", 5e7],
    ["50M/s", 50 * 1024 ** 2],
    ["400Mbit/s", 5e7],
    ["unlimited", null],
  ])("reads %s", (text, bytesPerS) => {
    expect(parseRate(text)).toEqual({ ok: true, value: bytesPerS });
  });

  it.each([
    ["50MB", "50MB/s"],
    ["50Mb/s", "50MB/s"],
  ])("refuses %s and suggests %s", (text, suggestion) => {
    expect(parseRate(text)).toMatchObject({ ok: false, suggestion });
  });

  it.each([
    ["5000", 5000],
    ["1.5m", 1536],
    ["20MB", 19531],
    [".5", 1],
    ["512b", 1],
    ["1535B", 1],
    ["1536B", 2],
    ["1kb", 1],
    ["2g", 2 * 1024 ** 2],
    ["1Mib", 1024],
    ["10K-1", 10],
    ["0", null],
  ])("reads %s as rsync's --bwlimit does, in KiB", (text, kib) => {
    expect(parseRsyncRate(text)).toEqual({ ok: true, value: kib === null ? null : kib * 1024 });
  });

  it.each(["", ".", "5x", "-5", "1M/s", "0.4", "511b", "50 MB", "unlimited", "1e3", "9999999p"])(
    "refuses %j as a rate of rsync",
    (text) => {
      expect(parseRsyncRate(text).ok).toBe(false);
    },
  );

  it("prints a rate so that it reads the same again", () => {
    const rates = fc.option(fc.maxSafeNat());
    fc.assert(
      fc.property(rates, (bytesPerS) => {
        expect(parseRate(formatRate(bytesPerS))).toEqual({ ok: true, value: bytesPerS });
      }),
    );
  });
});

describe("percentages", () => {
  it("are from 0 to 100", () => {
    expect(parsePercent("2%")).toEqual({ ok: true, value: 2 });
    expect(parsePercent("0.5%")).toEqual({ ok: true, value: 0.5 });
    expect(parsePercent("101%").ok).toBe(false);
    expect(parsePercent("2").ok).toBe(false);
  });
});

it("whatever the text, every unit gives an answer and throws nothing", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.stringMatching(/^[0-9.kMGiBsmhd%/ ]{0,20}$/),
    fc.constantFrom("constructor", "1toString", "__proto__"),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const parse of [parseSize, parseDuration, parseDurationRange, parseRate, parsePercent])
        expect(parse(text).ok).toBeTypeOf("boolean");
    }),
    { numRuns: 2000 },
  );
});
