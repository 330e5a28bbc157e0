/** As SQLAlchemy writes a local time to SQLite: `2026-11-29 01:02:03.000456`. */
export function localDateTime(us: bigint): string {
  const ms = us / 1000n - (us % 1000n < 0n ? 1n : 0n);
  const at = new Date(Number(ms));
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${fraction(us)}`;
}

/** An interval, which it counts from the beginning of 1970. */
export function interval(us: bigint): string {
  const at = new Date(Number(us / 1000n)).toISOString();
  return `${at.slice(0, 10)} ${at.slice(11, 19)}.${fraction(us)}`;
}

function fraction(us: bigint): string {
  return String(((us % 1_000_000n) + 1_000_000n) % 1_000_000n).padStart(6, "0");
}
