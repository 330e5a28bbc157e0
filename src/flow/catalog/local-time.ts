const US_PER_MS = 1000n;

/** Local time without a zone, as SQLAlchemy writes a datetime into SQLite: `2026-11-22 08:41:44.123456`. */
export function localTime(atUs: bigint): string {
  const at = new Date(Number(atUs / US_PER_MS));
  const date = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${micros(atUs)}`;
}

export function nowUs(): bigint {
  return BigInt(Date.now()) * US_PER_MS;
}

/** As SQLAlchemy writes an interval into SQLite: a time that long after 1970 began. */
export function intervalTime(durationMs: number): string {
  const us = BigInt(Math.max(0, Math.round(durationMs * 1000)));
  return `${new Date(Number(us / US_PER_MS)).toISOString().slice(0, 19).replace("T", " ")}.${micros(us)}`;
}

/**
 * The time of an event that follows `last`, as it stands in the table (null: it is the first): `atUs`, or now; where that is not later, a
 * microsecond after `last`, so that the order of events is that of their times whatever a clock, or somebody's statement, said.
 */
export function eventAfter(last: string | null, atUs: bigint = nowUs()): string {
  const time = localTime(atUs);
  if (last === null || time > last) return time;
  const [whole = last, fraction = ""] = last.split(".");
  const us = Number(fraction.slice(0, 6).padEnd(6, "0")) + 1;
  if (us < 1_000_000) return `${whole}.${String(us).padStart(6, "0")}`;
  // By text: around a change of summer time one local time stands for two.
  const next = new Date(`${whole.replace(" ", "T")}Z`);
  next.setUTCSeconds(next.getUTCSeconds() + 1);
  return Number.isNaN(next.getTime()) ? `${last}1` : `${next.toISOString().slice(0, 19).replace("T", " ")}.000000`;
}

function micros(atUs: bigint): string {
  return String(atUs % 1_000_000n).padStart(6, "0");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
