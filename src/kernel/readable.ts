/** Numbers as people read them; all fixed in form, whatever the locale. */

const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `0 B`, `1.2 GiB`, `340 MiB`: three digits that matter. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < binaryUnits.length - 1 && Number(value.toPrecision(3)) >= 1000) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${binaryUnits[unit]}`;
}

function threeDigits(value: number): string {
  return value < 9.995 ? value.toFixed(2).replace(/\.?0+$/, "") : value < 99.95 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0);
}

/** `1,204` */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `1 file`, `1,204 files` */
export function formatMany(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`: one unit, since it is for a glance. */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** `0`, `0.4`, `12`, `1,204` a second. */
export function formatPerS(perS: number): string {
  return perS > 0 && perS < 9.95 ? perS.toFixed(1) : formatCount(perS);
}

/** Local time: `2026-11-22 08:41:44`. */
export function formatTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `attempt 3 of 10`, or `attempt 3` where they have no end. */
export function formatAttempt(attempt: number, attemptsMax: number): string {
  return `attempt ${attempt}${Number.isFinite(attemptsMax) ? ` of ${attemptsMax}` : ""}`;
}
