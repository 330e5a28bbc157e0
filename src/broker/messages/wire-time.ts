/**
 * Times as Sarracenia writes them: UTC, `YYYYMMDDTHHMMSS`, then a fraction without trailing zeros, and no dot when the
 * fraction is zero. It prints nine significant digits, so a fraction may be longer than nine decimals.
 */
const form = /^(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})(?:\.(\d{1,20})(?:e-(\d{1,2}))?)?$/;

const NS_PER_S = 1_000_000_000n;

/** Nanoseconds since 1970; null where the text is no time. What is below a nanosecond is dropped. */
export function parseWireTime(text: string): bigint | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", fraction = "", exponent = ""] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  // A day that no calendar has would be taken for another one.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  // 60: a leap second.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const seconds = BigInt(date.getTime() / 1000) + BigInt(Number(hour) * 3600 + Number(minute) * 60 + Number(second));
  return seconds * NS_PER_S + fractionNs(fraction, exponent);
}

/** Below 0.1 ms Sarracenia falls into `1.35803e-05` and cuts the number; what is left is still below 0.1 ms. */
function fractionNs(digits: string, exponent: string): bigint {
  if (exponent !== "") return BigInt(Math.trunc(Number(`0.${digits}e-${exponent}`) * 1e9));
  return BigInt(digits.slice(0, 9).padEnd(9, "0"));
}

/** Null where four digits do not hold the year. */
export function formatWireTime(ns: bigint): string | null {
  const fraction = ((ns % NS_PER_S) + NS_PER_S) % NS_PER_S;
  const date = new Date(Number((ns - fraction) / 1_000_000n));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999) return null;
  const seconds = date.toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const digits = String(fraction).padStart(9, "0").replace(/0+$/, "");
  return digits === "" ? seconds : `${seconds}.${digits}`;
}
