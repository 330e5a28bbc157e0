import { expect, test } from "vitest";
import { closedReason } from "./opening-hours.ts";
import { days, type Zone } from "./schedule.ts";

const zurichInWinter: Zone = () => 3_600_000;
const at = (text: string): number => Date.parse(text);

test("a flow without a schedule may always send, and one with it within its hours", () => {
  expect(closedReason([], at("2026-11-23T12:00Z"))).toBeNull();
  expect(closedReason([{ days, fromMinute: 18 * 60, toMinute: 8 * 60 }], at("2026-11-23T20:00Z"), zurichInWinter)).toBeNull();
});

test("outside of them the reason names the local time at which it goes on, and is the same for the whole pause", () => {
  const nightly = [{ days, fromMinute: 18 * 60, toMinute: 8 * 60 }];
  for (const time of ["2026-11-23T07:00Z", "2026-11-23T11:00Z", "2026-11-23T16:59Z"])
    expect(closedReason(nightly, at(time), zurichInWinter)).toBe("outside its hours; sends again at 18:00");
});

test("where not every day has them, the day is named too", () => {
  const workdays = [{ days: days.slice(0, 5), fromMinute: 8 * 60, toMinute: 18 * 60 }];
  // 2026-11-20 is a Friday.
  for (const time of ["2026-11-20T17:00Z", "2026-11-22T10:00Z", "2026-11-22T23:30Z"])
    expect(closedReason(workdays, at(time), zurichInWinter)).toBe("outside its hours; sends again on Monday at 08:00");
});
