import { localDateTime } from "../command/journal/sqlalchemy-time.ts";

const US_PER_MS = 1000n;

export function nowUs(): bigint {
  return BigInt(Date.now()) * US_PER_MS;
}

/**
 * The time of an event that follows `last`, as it stands in the table (null: it is the first): `atUs`, or now; where that is not later, a
 * microsecond after `last`, so that the order of events is that of their times whatever a clock, or somebody's statement, said.
 */
export function eventAfter(last: string | null, atUs: bigint = nowUs()): string {
  const time = localDateTime(atUs);
  if (last === null || time > last) return time;
  const [whole = last, fraction = ""] = last.split(".");
  const us = Number(fraction.slice(0, 6).padEnd(6, "0")) + 1;
  if (us < 1_000_000) return `${whole}.${String(us).padStart(6, "0")}`;
  // By text: around a change of summer time one local time stands for two.
  const next = new Date(`${whole.replace(" ", "T")}Z`);
  next.setUTCSeconds(next.getUTCSeconds() + 1);
  return Number.isNaN(next.getTime()) ? `${last}1` : `${next.toISOString().slice(0, 19).replace("T", " ")}.000000`;
}
