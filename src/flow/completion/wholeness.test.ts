import { expect, test } from "vitest";
import type { Bytes } from "../../kernel/path.ts";
import type { WholeRule } from "../settings.ts";
import { type SetFacts, timecodeAt, type Wholeness, wholeness } from "./wholeness.ts";

const DAY_MS = 86_400_000;
/** In the timecode 16750. */
const then = 1_675_000_000_000;

function judged(rule: WholeRule, facts: Partial<SetFacts> = {}): Wholeness {
  return wholeness(rule, {
    timecode: 16_750,
    hasNewer: () => false,
    marker: () => "absent",
    members: () => 0,
    quietSince: 1000,
    now: { wall: then, steady: 5000 },
    ...facts,
  });
}

const why = (rule: WholeRule, facts: Partial<SetFacts> = {}): string => {
  const found = judged(rule, facts);
  return found.whole ? "whole" : found.why;
};

test("a timecode is Unix time divided by 100,000", () => {
  expect([timecodeAt(1_686_152_766_000), timecodeAt(1_675_099_999_999), timecodeAt(1_675_100_000_000)]).toEqual([16861, 16750, 16751]);
});

test("a timecode directory is whole once there is a newer one, or more than one timecode has passed", () => {
  const rule = { kind: "timecode" } as const;
  const at = (wall: number): boolean => judged(rule, { now: { wall, steady: 0 } }).whole;
  expect([at(then), at(1_675_199_999_999), at(1_675_200_000_000), at(then + 30 * DAY_MS)]).toEqual([false, false, true, true]);
  expect(judged(rule, { hasNewer: () => true }).whole).toBe(true);
  expect(why(rule)).toContain("ends by itself only at 2023-01-31");
  expect(why(rule, { timecode: null, hasNewer: () => true })).toContain("no timecode");
});

test("a marker makes a set whole when it was seen, and one that is rejected is told to be so", () => {
  const rule = { kind: "marker", marker: "DO\nNE" as Bytes } as const;
  expect(judged(rule, { marker: () => "there" }).whole).toBe(true);
  expect(why(rule)).toBe("its marker DO\\nNE was not seen");
  expect(why(rule, { marker: () => "ignored" })).toContain("reject");
});

test("a count makes a set whole when so many files arrived, or more", () => {
  const rule = { kind: "count", count: 24 } as const;
  expect(why(rule, { members: () => 23 })).toBe("23 of 24 files arrived");
  expect([24, 25].map((members) => judged(rule, { members: () => members }).whole)).toEqual([true, true]);
});

test("quiet time counts on the steady clock, and no earlier look at the source will do", () => {
  const rule = { kind: "quiet", quietMs: 4000 } as const;
  expect(judged(rule)).toEqual({ whole: true, since: 5000 });
  expect(judged(rule, { now: { wall: then + 30 * DAY_MS, steady: 4999 } }).whole).toBe(false);
});
