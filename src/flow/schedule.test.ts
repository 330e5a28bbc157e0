import fc from "fast-check";
import { expect, it } from "vitest";
import { atTime, type Day, days, type Hours, localZone, overlap, type Zone } from "./schedule.ts";

/** Offsets by the time zone database, by another way than the local getters of `Date`. */
function zoneOf(name: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  return (at) => {
    const shown = format.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
    const [, sign = "+", hour = "0", minute = "0"] = /^GMT(?:([+-])(\d+):(\d+))?$/.exec(shown) ?? [];
    return (sign === "-" ? -1 : 1) * (Number(hour) * 60 + Number(minute)) * 60_000;
  };
}

function hours(from: string, to: string, on: readonly Day[] = days): { hours: Hours } {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return { hours: { days: on, fromMinute: minutes(from), toMinute: minutes(to) } };
}

const zurich = zoneOf("Europe/Zurich");
/** Instants with their offset, as the database has them. */
const at = (text: string): number => Date.parse(text);
const changes = (window: { hours: Hours }, from: string, zone: Zone, count: number): string[] => {
  const found: string[] = [];
  for (let time: number | null = at(from); found.length < count;) {
    time = atTime([window], time, zone).changesAtMs;
    if (time === null) break;
    found.push(new Date(time).toISOString().slice(0, 16));
  }
  return found;
};

it("a window opens and closes by local time, on its days only", () => {
  const work = hours("08:00", "18:00", ["mon", "tue", "wed", "thu", "fri"]);
  // 2026-11-20 is a Friday; Zurich is an hour ahead of UTC.
  expect(atTime([work], at("2026-11-20T07:59:59+01:00"), zurich)).toEqual({ now: null, changesAtMs: at("2026-11-20T08:00:00+01:00") });
  expect(atTime([work], at("2026-11-20T08:00:00+01:00"), zurich)).toEqual({ now: work, changesAtMs: at("2026-11-20T18:00:00+01:00") });
  expect(atTime([work], at("2026-11-20T18:00:00+01:00"), zurich)).toEqual({ now: null, changesAtMs: at("2026-11-23T08:00:00+01:00") });
});

it("a window over midnight belongs to the day that it begins on", () => {
  const night = hours("22:00", "06:00", ["fri"]);
  expect(changes(night, "2026-11-20T00:00+01:00", zurich, 3)).toEqual(["2026-11-20T21:00", "2026-11-21T05:00", "2026-11-27T21:00"]);
});

it("the first that matches holds, and the rest where none does", () => {
  const [day, rest] = [
    { ...hours("08:00", "18:00"), name: "day" },
    { hours: null, name: "rest" },
  ];
  expect(atTime([day, rest], at("2026-11-20T12:00Z"), zurich).now).toBe(day);
  expect(atTime([day, rest], at("2026-11-20T20:00Z"), zurich).now).toBe(rest);
  expect(atTime([rest], at("2026-11-20T20:00Z"), zurich)).toEqual({ now: rest, changesAtMs: null });
  expect(atTime([], at("2026-11-20T20:00Z"), zurich)).toEqual({ now: null, changesAtMs: null });
  expect(atTime([hours("00:00", "24:00")], at("2026-11-20T20:00Z"), zurich).changesAtMs).toBeNull();
});

it("a time that summer time leaves out is the moment of the jump", () => {
  // 2026-03-29 in Zurich: 02:00 becomes 03:00, at 01:00 UTC.
  expect(changes(hours("02:30", "05:00"), "2026-03-29T00:00+01:00", zurich, 2)).toEqual(["2026-03-29T01:00", "2026-03-29T03:00"]);
  expect(changes(hours("01:00", "02:30"), "2026-03-29T00:00+01:00", zurich, 2)).toEqual(["2026-03-29T00:00", "2026-03-29T01:00"]);
  // A window that lies in it does not come on that day.
  expect(changes(hours("02:15", "02:45"), "2026-03-29T00:00+01:00", zurich, 1)).toEqual(["2026-03-30T00:15"]);
});

it("an hour that comes twice counts both times", () => {
  // 2026-10-25 in Zurich: 03:00 becomes 02:00, at 01:00 UTC.
  expect(changes(hours("02:30", "05:00"), "2026-10-25T00:00+02:00", zurich, 4)).toEqual([
    "2026-10-25T00:30",
    "2026-10-25T01:00",
    "2026-10-25T01:30",
    "2026-10-25T04:00",
  ]);
  expect(changes(hours("02:00", "03:00"), "2026-10-25T00:00+02:00", zurich, 2)).toEqual(["2026-10-25T00:00", "2026-10-25T02:00"]);
});

it("the machine's own zone is the one that the clock of the process shows", () => {
  for (const time of [at("2026-01-15T12:00Z"), at("2026-07-15T12:00Z")]) {
    const shown = new Date(time + localZone(time));
    expect([shown.getUTCHours(), shown.getUTCMinutes()]).toEqual([new Date(time).getHours(), new Date(time).getMinutes()]);
  }
});

// Half an hour of summer time, none, odd minutes, jumps at midnight, a day that was left out, and both hemispheres.
const zones: Array<[name: string, around: string]> = [
  ["UTC", "2026-03-29T00:00Z"],
  ["Europe/Zurich", "2026-03-28T12:00Z"],
  ["Europe/Zurich", "2026-10-24T12:00Z"],
  ["America/New_York", "2026-03-08T00:00Z"],
  ["America/New_York", "2026-10-31T20:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T00:00Z"],
  ["America/Santiago", "2026-09-05T12:00Z"],
  ["Africa/Cairo", "2026-04-23T12:00Z"],
  ["Africa/Cairo", "2026-10-29T12:00Z"],
  ["Asia/Kathmandu", "2026-06-01T00:00Z"],
  ["Pacific/Apia", "2011-12-29T22:00Z"],
];

const window: fc.Arbitrary<{ hours: Hours }> = fc
  .record({
    days: fc.subarray([...days], { minLength: 1 }),
    fromMinute: fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 90, max: 200 })),
    toMinute: fc.oneof(fc.integer({ min: 0, max: 1440 }), fc.integer({ min: 90, max: 200 })),
  })
  .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute)
  .map((made) => ({ hours: made }));

it.each(zones)("minute by minute in %s around %s it is what the clock shows, and changes when it says", (name, around) => {
  const zone = zoneOf(name);
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const start = at(around);
  const shown = Array.from({ length: 48 * 60 }, (_, minute) => {
    const parts = Object.fromEntries(clock.formatToParts(start + minute * 60_000).map((part) => [part.type, part.value]));
    const day = days.find((one) => one === String(parts["weekday"]).toLowerCase())!;
    return { day, before: days[(days.indexOf(day) + 6) % 7]!, minute: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
  });
  const matches = ({ hours: { days: on, fromMinute, toMinute } }: { hours: Hours }, now: (typeof shown)[number]): boolean =>
    fromMinute < toMinute
      ? on.includes(now.day) && fromMinute <= now.minute && now.minute < toMinute
      : (on.includes(now.day) && now.minute >= fromMinute) || (on.includes(now.before) && now.minute < toMinute);
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), fc.nat(36 * 60), (windows, from) => {
      const expected = shown.map((now) => windows.find((one) => matches(one, now)) ?? null);
      const { now, changesAtMs } = atTime(windows, start + from * 60_000, zone);
      expect(now).toBe(expected[from]);
      const next = expected.findIndex((value, minute) => minute > from && value !== now);
      const end = start + shown.length * 60_000;
      expect(Math.min(changesAtMs ?? Infinity, end)).toBe(next >= 0 ? start + next * 60_000 : end);
    }),
    { numRuns: 60 },
  );
});

it("windows overlap where some minute of a week is in both", () => {
  fc.assert(
    fc.property(window, window, (a, b) => {
      // 2026-11-02 is a Monday; UTC has no jumps.
      const start = at("2026-11-02T00:00Z");
      const utc: Zone = () => 0;
      const both = Array.from({ length: 7 * 1440 }, (_, minute) => start + minute * 60_000).some(
        (time) => atTimeNow(a, time, utc) && atTimeNow(b, time, utc),
      );
      expect(overlap(a.hours, b.hours)).toBe(both);
    }),
    { numRuns: 30 },
  );
});

function atTimeNow(one: { hours: Hours }, time: number, zone: Zone): boolean {
  const local = new Date(time + zone(time));
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  const day = days[(local.getUTCDay() + 6) % 7]!;
  const before = days[(local.getUTCDay() + 5) % 7]!;
  const { days: on, fromMinute, toMinute } = one.hours;
  return fromMinute < toMinute
    ? on.includes(day) && fromMinute <= minute && minute < toMinute
    : (on.includes(day) && minute >= fromMinute) || (on.includes(before) && minute < toMinute);
}
