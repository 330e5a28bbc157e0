import type { WallMs } from "../kernel/clock.ts";
import { atTime, days, type Hours, localZone, type Zone } from "./schedule.ts";

const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/**
 * Why a flow does not send now, by its schedule alone, and when it goes on; null: it may send. The
 * same text for all of one pause, so that it is told once.
 */
export function closedReason(schedule: readonly Hours[], at: WallMs, zone: Zone = localZone): string | null {
  if (schedule.length === 0) return null;
  const windows = schedule.map((hours) => ({ hours }));
  const { now, changesAtMs } = atTime(windows, at, zone);
  if (now !== null) return null;
  // Windows have a length, and a week has them all: but summer time may leave one out.
  if (changesAtMs === null) return "outside its hours, which do not come within a week";
  const opens = new Date(changesAtMs + zone(changesAtMs));
  const time = opens.toISOString().slice(11, 16);
  const daily = schedule.every((hours) => days.every((day) => hours.days.includes(day)));
  return `outside its hours; sends again ${daily ? "" : `on ${names[opens.getUTCDay()]} `}at ${time}`;
}
