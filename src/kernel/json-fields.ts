import { type Bytes, bufferOf, textOf } from "./path.ts";

/** A path as JSON has it: its text and, where that is not the name itself, its bytes in hexadecimal. */
export function pathFields(path: Bytes): { path: string; path_bytes?: string } {
  const text = textOf(path);
  return Buffer.from(text, "utf8").toString("latin1") === path
    ? { path: text }
    : { path: text, path_bytes: bufferOf(path).toString("hex") };
}

/** `2026-11-22T08:41:44.123Z` */
export function isoMs(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** `2026-11-22T08:41:44.123456789Z`; null before the year 0 or after 9999, which a broken clock may write. */
export function isoNs(atNs: bigint): string | null {
  const seconds = atNs / 1_000_000_000n - (atNs % 1_000_000_000n < 0n ? 1n : 0n);
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0) return null;
  return `${date.toISOString().slice(0, 19)}.${String(atNs - seconds * 1_000_000_000n).padStart(9, "0")}Z`;
}

/** Milliseconds as seconds with three places. */
export function secondsOf(durationMs: number): number {
  return Math.round(durationMs) / 1000;
}
