import { bad, good, type Parsed, quote } from "../../config/parsed.ts";

const factors: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * What `rsync --bwlimit` takes, in bytes per second; null: no limit. A number alone is KiB/s and may have a fraction; K, M and G (KiB,
 * MiB, GiB) count by 1024, KB, MB and GB by 1000.
 */
export function parseRsyncRate(text: string): Parsed<number | null> {
  const match = /^(\d{1,12}(?:\.\d{1,9})?|\.\d{1,9})(?:([bkmgtp])(iB|B)?)?$/i.exec(text.trim());
  if (match === null) return bad(`${quote(text)} is no rate such as 1000 (KiB/s), 1.5M or 2MB`);
  const [, amount = "", unit = "k", by] = match;
  const base = by?.toLowerCase() === "b" ? 1000 : 1024;
  const bytesPerS = Math.round(Number(amount) * base ** (factors[unit.toLowerCase()] ?? 0));
  if (!Number.isSafeInteger(bytesPerS)) return bad(`${quote(text)} is more than any line carries`);
  return good(bytesPerS === 0 ? null : bytesPerS);
}
