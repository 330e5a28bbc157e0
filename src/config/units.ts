import { bad, good, type Parsed, quote } from "./parsed.ts";

/**
 * Sizes are read as rsync and dd read them: `1M` and `1MiB` are 1024 x 1024 bytes, `1MB` is a
 * million. A lower-case `b` means bits elsewhere, so it is refused rather than guessed.
 */
const sizeForm = /^(\d{1,16}(?:\.\d{1,9})?) ?(?:([kmgtp])(iB|B)?|B)?$/i;
const binary: Record<string, number> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };
const decimal: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** In bytes. */
export function parseSize(text: string): Parsed<number> {
  const match = sizeForm.exec(text);
  if (!match) return bad(`${quote(text)} is not a size such as 64M, 1GiB or 500MB`, text.endsWith("/s") ? text.slice(0, -2) : undefined);
  if (text.endsWith("b")) return bad(`${quote(text)} could mean bits: bytes are written with a capital B`, `${text.slice(0, -1)}B`);
  const prefix = match[2]?.toLowerCase();
  if (prefix === undefined && text.includes(".")) return bad(`${quote(text)} is not a whole number of bytes`);
  const factor = prefix === undefined ? 1 : match[3]?.toLowerCase() === "b" ? decimal[prefix]! : binary[prefix]!;
  const sizeBytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(sizeBytes) ? good(sizeBytes) : bad(`${quote(text)} is too large`);
}

/** The shortest exact form: `formatSize(parseSize(text))` is the same number of bytes. */
export function formatSize(sizeBytes: number): string {
  for (const [factors, suffix] of [
    [binary, ""],
    [decimal, "B"],
  ] as const) {
    for (const prefix of ["p", "t", "g", "m", "k"]) {
      const factor = factors[prefix]!;
      if (sizeBytes >= factor && sizeBytes % factor === 0) return `${sizeBytes / factor}${prefix.toUpperCase()}${suffix}`;
    }
  }
  return String(sizeBytes);
}

const durationForm = /^(\d{1,15}(?:\.\d{1,9})?) ?([a-z]*)$/i;
const durationsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DURATION_MS_MAX = 36_525 * 86_400_000;
/** What people write for a unit, by its first letters. */
const durationWords = [
  ["msec", "ms"],
  ["milli", "ms"],
  ["sec", "s"],
  ["min", "m"],
  ["hour", "h"],
  ["hr", "h"],
  ["day", "d"],
  ["week", "w"],
] as const;

/** In milliseconds: `500ms`, `30s`, `10m`, `2h`, `7d`, `2w`. */
export function parseDuration(text: string): Parsed<number> {
  const match = durationForm.exec(text);
  const expected = `${quote(text)} is not a duration such as 500ms, 30s, 10m, 2h or 7d`;
  if (!match) return bad(expected);
  const [, amount = "", unit = ""] = match;
  if (unit === "") return bad(`${quote(text)} lacks a unit (ms, s, m, h, d or w)`, `${amount}s`);
  const factorMs = Object.hasOwn(durationsMs, unit) ? durationsMs[unit] : undefined;
  if (factorMs === undefined) {
    const meant =
      durationWords.find(([word]) => unit.toLowerCase().startsWith(word))?.[1] ??
      (Object.hasOwn(durationsMs, unit.toLowerCase()) ? unit.toLowerCase() : undefined);
    return bad(expected, meant === undefined ? undefined : `${amount}${meant}`);
  }
  const durationMs = Math.round(Number(amount) * factorMs);
  return durationMs <= DURATION_MS_MAX ? good(durationMs) : bad(`${quote(text)} is more than a century`);
}

export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const unit = ["d", "h", "m", "s"].find((name) => Number.isInteger(durationMs / durationsMs[name]!)) ?? "ms";
  return `${durationMs / durationsMs[unit]!}${unit}`;
}

/** `2s..10m`; one duration alone is a range of that length only. */
export function parseDurationRange(text: string): Parsed<{ minMs: number; maxMs: number }> {
  const ends = text.split(/ ?\.\. ?/);
  const [from = "", to = from] = ends;
  const min = parseDuration(from);
  const max = parseDuration(to);
  if (ends.length > 2 || (!min.ok && ends.length === 1)) return bad(`${quote(text)} is not a range of durations such as 2s..10m`);
  if (!min.ok) return min;
  if (!max.ok) return max;
  if (min.value > max.value) return bad(`${quote(text)} ends before it begins`, `${to}..${from}`);
  return good({ minMs: min.value, maxMs: max.value });
}

export function formatDurationRange(range: { minMs: number; maxMs: number }): string {
  return `${formatDuration(range.minMs)}..${formatDuration(range.maxMs)}`;
}

const bitRateForm = /^(\d{1,12}(?:\.\d{1,9})?) ?([kmg])bit\/s$/i;

/** In bytes per second; null: unlimited. `50MB/s`, or in bits as network people count: `400Mbit/s`. */
export function parseRate(text: string): Parsed<number | null> {
  if (text === "unlimited") return good(null);
  const bits = bitRateForm.exec(text);
  if (bits) return good(Math.round((Number(bits[1]) * decimal[bits[2]!.toLowerCase()]!) / 8));
  const expected = `${quote(text)} is not a rate such as 50MB/s, 400Mbit/s or unlimited`;
  const size = parseSize(text.endsWith("/s") ? text.slice(0, -2) : text);
  if (size.ok) return text.endsWith("/s") ? size : bad(expected, withoutTime(text));
  return text.endsWith("b/s") && size.suggestion !== undefined ? bad(size.message, `${size.suggestion}/s`) : bad(expected);
}

/** A number alone is what people know from rsync. */
function withoutTime(text: string): string {
  const meant = /^[\d.]+$/.test(text) ? parseRsyncRate(text) : null;
  return meant?.ok === true ? formatRate(meant.value) : `${text}/s`;
}

const rsyncRateForm = /^(\d{0,15}(?:\.\d{0,9})?)(?:(b)|([kmgtp])(ib|b)?)?([+-]1)?$/i;
/** rsync reckons in KiB, to the nearest; half of one is the least that it takes. */
const RSYNC_STEP_BYTES = 1024;

/**
 * In bytes per second, as rsync's `--bwlimit` means it; null: unlimited (`0`). A number alone is in KiB, `K`, `M` and so on are binary,
 * `KB`, `MB` and so on decimal, whatever the case. Rates of a configuration of our own have a unit of time, so that neither is taken for the other.
 */
export function parseRsyncRate(text: string): Parsed<number | null> {
  const match = rsyncRateForm.exec(text);
  if (!match || !/\d/.test(match[1]!)) return bad(`${quote(text)} is not a rate as rsync's --bwlimit takes it, such as 5000, 1.5m or 20MB`);
  const [, amount, bytes, prefix = "k", unit = "", step] = match;
  const factor = bytes !== undefined ? 1 : unit.toLowerCase() === "b" ? decimal[prefix.toLowerCase()]! : binary[prefix.toLowerCase()]!;
  const rate = Math.trunc(Number(amount) * factor) + Number(step ?? 0);
  if (!Number.isSafeInteger(rate)) return bad(`${quote(text)} is too large`);
  if (rate === 0) return good(null);
  if (rate < RSYNC_STEP_BYTES / 2) return bad(`${quote(text)} is too small: rsync takes no less than 512 bytes`, "0.5");
  return good(Math.trunc((rate + RSYNC_STEP_BYTES / 2) / RSYNC_STEP_BYTES) * RSYNC_STEP_BYTES);
}

export function formatRate(bytesPerS: number | null): string {
  return bytesPerS === null ? "unlimited" : `${formatSize(bytesPerS)}/s`;
}

/** `2%`: 0 to 100. */
export function parsePercent(text: string): Parsed<number> {
  const match = /^(\d{1,3}(?:\.\d{1,9})?) ?%$/.exec(text);
  if (!match) return bad(`${quote(text)} is not a percentage such as 2%`);
  const percent = Number(match[1]);
  return percent <= 100 ? good(percent) : bad(`${quote(text)} is more than 100%`);
}
