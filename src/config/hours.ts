import { DAY_MINUTES, type Day, days, type Hours, overlap } from "../flow/schedule.ts";
import { textField, words } from "./fields.ts";
import { bad, good, type Parsed, quote } from "./parsed.ts";
import type { RuleFault } from "./rules.ts";

const examples = ["08:00", "18:30"];

/** In minutes of the day. `24:00`, its end, only where a window ends. */
function parseTime(text: string, last: number): Parsed<number> {
  const match = /^(\d{1,2}):?(\d{2})$/.exec(text);
  const [, hour = "", minute = ""] = match ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  if (match === null || Number(minute) > 59 || minutes > DAY_MINUTES)
    return bad(`${quote(text)} is not a time of day such as 08:00 or 18:30`, guess(text));
  if (hour.length < 2 || !text.includes(":"))
    return bad(`${quote(text)} is written with two digits for the hour, and a colon`, formatMinute(minutes));
  return minutes <= last ? good(minutes) : bad("a window cannot begin at 24:00: that is the next day's 00:00", "00:00");
}

/** What people write instead: `6pm`, `8`, `8.30`. */
function guess(text: string): string | undefined {
  const match = /^(\d{1,2})(?:[.h:](\d{2}))? ?(am|pm)?$/i.exec(text);
  if (match === null) return undefined;
  const [, hour = "", minute = "00", half] = match;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
  return hours < 24 && Number(minute) < 60 ? formatMinute(hours * 60 + Number(minute)) : undefined;
}

function time(last: number) {
  return textField({
    title: "time of day",
    pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
    examples,
    parse: (text) => parseTime(text, last),
  });
}

export const from = time(DAY_MINUTES - 1);
export const to = time(DAY_MINUTES);
export const onDays = words(days, { min: 1 });

/** `08:00` */
export function formatMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

/** A window as it was written: without days it is each day's. */
export type WrittenHours = { from: number; to: number; days?: readonly Day[] | undefined };

/** In the order of the week, so that the same hours are the same settings. */
export function hoursOf({ from: fromMinute, to: toMinute, days: on }: WrittenHours): Hours {
  return { days: days.filter((day) => on === undefined || on.includes(day)), fromMinute, toMinute };
}

/** Windows that are empty, and windows of which one would hide the other. `path` is that of their list. */
export function hoursFaults(windows: ReadonlyArray<WrittenHours | null>, path: string[]): RuleFault[] {
  return windows.flatMap((window, at): RuleFault[] => {
    if (window === null) return [];
    if (window.from === window.to) {
      const message = `the window is empty: it ends at ${formatMinute(window.to)}, when it begins; a whole day is from 00:00 to 24:00`;
      return [
        { path: [...path, at, "to"], message, suggestion: window.from === 0 ? "24:00" : formatMinute((window.from + 60) % DAY_MINUTES) },
      ];
    }
    const hidden = windows.findIndex((other, before) => before < at && other !== null && overlap(hoursOf(other), hoursOf(window)));
    return hidden < 0 ? [] : [overlapFault(windows[hidden]!, window, [...path, at], hidden + 1)];
  });
}

function overlapFault(first: WrittenHours, second: WrittenHours, path: Array<string | number>, number: number): RuleFault {
  const message = `the window ${shown(second)} overlaps window ${number} of the list, ${shown(first)}`;
  // Begun when the other ends it is apart, if it is still a window then.
  const fits =
    first.to % DAY_MINUTES !== second.to % DAY_MINUTES && !overlap(hoursOf(first), hoursOf({ ...second, from: first.to % DAY_MINUTES }));
  return fits ? { path: [...path, "from"], message, suggestion: formatMinute(first.to % DAY_MINUTES) } : { path, message };
}

function shown({ from: begin, to: end, days: on }: WrittenHours): string {
  return `${formatMinute(begin)} to ${formatMinute(end)}${on === undefined ? "" : ` (${on.join(", ")})`}`;
}
