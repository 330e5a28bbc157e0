const US_PER_MS = 1000n;

/** Microseconds since the epoch, each later than the last: two events of one file are told apart by their times. */
let lastUs = 0n;

export function nextMicrosecond(nowMs = Date.now()): bigint {
  const now = BigInt(Math.floor(nowMs)) * US_PER_MS;
  lastUs = now > lastUs ? now : lastUs + 1n;
  return lastUs;
}

/** Local time without a zone, as SQLAlchemy writes a datetime into SQLite: `2026-11-22 08:41:44.123456`. */
export function localTime(atUs: bigint): string {
  const at = new Date(Number(atUs / US_PER_MS));
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${micros(atUs)}`;
}

/** As SQLAlchemy writes an interval into SQLite: a time that long after 1970 began. */
export function intervalTime(durationMs: number): string {
  const us = BigInt(Math.max(0, Math.round(durationMs * 1000)));
  return `${new Date(Number(us / US_PER_MS)).toISOString().slice(0, 19).replace("T", " ")}.${micros(us)}`;
}

function micros(atUs: bigint): string {
  return String(((atUs % 1_000_000n) + 1_000_000n) % 1_000_000n).padStart(6, "0");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
