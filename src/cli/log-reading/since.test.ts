import { expect, test } from "vitest";
import { parseSince } from "./since.ts";

const now = new Date(2026, 10, 23, 15, 0, 0).getTime();

test("a moment is taken as it was written", () => {
  expect(parseSince("2h", now)).toBe(now - 7_200_000);
  expect(parseSince("14:30", now)).toBe(new Date(2026, 10, 23, 14, 30).getTime());
  expect(parseSince("9:05:07", now)).toBe(new Date(2026, 10, 23, 9, 5, 7).getTime());
  expect(parseSince("2026-11-20", now)).toBe(new Date(2026, 10, 20).getTime());
  for (const text of ["2026-11-20 14:30", "2026-11-20T14:30"]) expect(parseSince(text, now)).toBe(new Date(2026, 10, 20, 14, 30).getTime());
  expect(parseSince("2026-11-20T14:30:05.120Z", now)).toBe(Date.UTC(2026, 10, 20, 14, 30, 5, 120));
});

test("what is no moment is none, and no other one either", () => {
  for (const text of [
    "",
    "5",
    "foo 1",
    "now",
    "2026-02-30",
    "25:00",
    "24:00",
    "14:61",
    "2026-13-01",
    "2026-11-20 25:00",
    "2026-02-30T10:00Z",
  ])
    expect(parseSince(text, now), text).toBe(null);
});
