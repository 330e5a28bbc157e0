/** Numbers as sr3 writes them. Those who read them by eye or by script find them where they were. */

const units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** `206B`, `5.1KiB` */
export function sizeAsInSr3(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (unit < units.length - 1 && value >= 1024) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(value)}B` : `${value.toFixed(1)}${units[unit]}B`;
}

/** `19m/s`: messages, or `f` for files. Below ten a digit behind the point, so that a slow flow does not look like none. */
export function rateAsInSr3(perS: number, what: "m" | "f"): string {
  return `${perS > 0 && perS < 9.95 ? perS.toFixed(1) : String(Math.round(perS))}${what}/s`;
}

/** `2.67s`, `2m15s`, `1h1m`, `1d2h` */
export function durationAsInSr3(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < 59.995) return `${whole.toFixed(2)}s`;
  const total = Math.round(whole);
  const [big, small, bigUnit, smallUnit] =
    total < 3600
      ? [Math.floor(total / 60), total % 60, "m", "s"]
      : total < 86_400
        ? [Math.floor(total / 3600), Math.floor((total % 3600) / 60), "h", "m"]
        : [Math.floor(total / 86_400), Math.floor((total % 86_400) / 3600), "d", "h"];
  return `${big}${bigUnit}${small === 0 ? "" : `${small}${smallUnit}`}`;
}
