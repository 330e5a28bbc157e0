import type { WallMs } from "../kernel/clock.ts";

export const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof days)[number];

export const DAY_MINUTES = 1440;

/**
 * A window of time, each of `days`, by minutes of the local day: from `fromMinute` (included) until
 * `toMinute`. Where it ends before it begins it goes on over midnight; the day is the one that it begins on.
 */
export type Hours = { days: readonly Day[]; fromMinute: number; toMinute: number };

/** Something that holds within its hours; `hours: null`: whenever nothing before it does. */
export type Timed = { hours: Hours | null };

/** How far local time is ahead of UTC at an instant. */
export type Zone = (at: WallMs) => number;

/** The local time of this machine (or of `TZ`). */
export const localZone: Zone = (at) => -new Date(at).getTimezoneOffset() * 60_000;

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** After a week, a change of the clock on each side of it included, everything has come once. */
const AHEAD_MS = 9 * DAY_MS;

/**
 * What holds at an instant (the first that matches; null: none) and when that changes next (null:
 * never). What counts is what a clock on the wall shows: where summer time leaves out an hour its
 * minutes never come, so that a window that begins in it begins when the clock has jumped; an hour
 * that comes twice counts both times. Pure.
 */
export function atTime<Of extends Timed>(windows: readonly Of[], at: WallMs, zone: Zone): { now: Of | null; changesAtMs: WallMs | null } {
  const now = holdsAt(windows, at + zone(at));
  const boundaries = boundariesOf(windows);
  for (let next = stepFrom(at, boundaries, zone); next <= at + AHEAD_MS; next = stepFrom(next, boundaries, zone))
    if (holdsAt(windows, next + zone(next)) !== now) return { now, changesAtMs: next };
  return { now, changesAtMs: null };
}

/** `localMs`: what the clock shows, as if it were UTC. */
function holdsAt<Of extends Timed>(windows: readonly Of[], localMs: number): Of | null {
  return windows.find(({ hours }) => hours === null || isWithin(hours, localMs)) ?? null;
}

function isWithin({ days: on, fromMinute, toMinute }: Hours, localMs: number): boolean {
  const day = Math.floor(localMs / DAY_MS);
  const minute = (localMs - day * DAY_MS) / MINUTE_MS;
  if (fromMinute < toMinute) return on.includes(dayOf(day)) && fromMinute <= minute && minute < toMinute;
  return (on.includes(dayOf(day)) && fromMinute <= minute) || (on.includes(dayOf(day - 1)) && minute < toMinute);
}

/** Day 0 of the epoch was a Thursday. */
function dayOf(day: number): Day {
  return days[(((day + 3) % 7) + 7) % 7]!;
}

/** Minutes of a day at which something may change; midnight is one of them, because of the days. */
function boundariesOf(windows: readonly Timed[]): number[] {
  const minutes = windows.flatMap(({ hours }) => (hours === null ? [] : [hours.fromMinute, hours.toMinute]));
  return [...new Set([...minutes, DAY_MINUTES])].toSorted((a, b) => a - b);
}

/** The next instant at which the clock shows a boundary, or jumps. */
function stepFrom(at: WallMs, boundaries: readonly number[], zone: Zone): WallMs {
  const offset = zone(at);
  const day = Math.floor((at + offset) / DAY_MS) * DAY_MS;
  const boundary = boundaries.find((minute) => day + minute * MINUTE_MS > at + offset) ?? DAY_MINUTES;
  const next = day + boundary * MINUTE_MS - offset;
  return zone(next) === offset ? next : jumpWithin(at, next, zone);
}

/** The first instant after `before` whose offset is another; there is one until `until`. */
function jumpWithin(before: WallMs, until: WallMs, zone: Zone): WallMs {
  const offset = zone(before);
  let [low, high] = [before, until];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zone(middle) === offset) low = middle;
    else high = middle;
  }
  return high;
}

/** Whether two windows hold at the same minute of some week. */
export function overlap(a: Hours, b: Hours): boolean {
  const others = spansOf(b);
  return spansOf(a).some((one) => others.some((other) => one.from < other.to && other.from < one.to));
}

/** By minutes of the week; what goes over its end is two. */
function spansOf({ days: on, fromMinute, toMinute }: Hours): Array<{ from: number; to: number }> {
  const week = 7 * DAY_MINUTES;
  return on.flatMap((day) => {
    const from = days.indexOf(day) * DAY_MINUTES + fromMinute;
    const to = from + (toMinute > fromMinute ? toMinute - fromMinute : DAY_MINUTES - fromMinute + toMinute);
    return to <= week
      ? [{ from, to }]
      : [
          { from, to: week },
          { from: 0, to: to - week },
        ];
  });
}
