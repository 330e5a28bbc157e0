import { parseDuration } from "../../config/units.ts";

const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;
const written = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z)?)?$/;

/**
 * A moment as people write it: `2h` (ago), `14:30` (today), `2026-11-23`, `2026-11-23 14:30:05`, in local time, or with a
 * `Z` as the log's own lines have it. In milliseconds; null: it is none of these, or no such day or hour exists.
 */
export function parseSince(text: string, nowMs: number): number | null {
  const duration = parseDuration(text);
  if (duration.ok) return nowMs - duration.value;
  const time = clock.exec(text);
  const today = new Date(nowMs);
  if (time !== null) return localTime([today.getFullYear(), today.getMonth() + 1, today.getDate(), ...numbers(time.slice(1))]);
  const match = written.exec(text);
  if (match === null) return null;
  const fields = numbers(match.slice(1, 7));
  const thousandths = Number((match[7] ?? "").padEnd(3, "0"));
  const at = match[8] === "Z" ? worldTime(fields) : localTime(fields);
  return at === null ? null : at + thousandths;
}

function numbers(texts: Array<string | undefined>): number[] {
  return texts.map((text) => Number(text ?? 0));
}

/** What does not come out as it went in, the 30th of February say, is none. An hour that the clock leaps over is the next one. */
function localTime([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): number | null {
  const at = new Date(year, month - 1, day, hour, minute, second);
  const isThere = at.getMonth() === month - 1 && at.getDate() === day && hour < 24 && minute < 60 && second < 60;
  return isThere ? at.getTime() : null;
}

function worldTime([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): number | null {
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isThere = at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isThere ? at.getTime() : null;
}
