import { type Bytes, bytesOf, isRelPath, type RelPath } from "../../../kernel/path.ts";

/** The marker that rsync (`%i`) writes for a file that was sent and was not there before. */
const SENT = "<f+++++++++ ";

/** A log of a directory of logs. `day`: as its directory is called. */
export function isLogName(name: string): boolean {
  return /^rsync.*log$/.test(name);
}

/** The directories of days, YYYYMMDD, whose logs are read: those around the date, which is today's where none is given. */
export function logDays(date: string | null, range: { pastDays: number; futureDays: number }, nowMs: number): string[] {
  const now = new Date(nowMs);
  const [year, month, day] = date === null ? [now.getFullYear(), now.getMonth() + 1, now.getDate()] : date.split("-").map(Number);
  const days: string[] = [];
  for (let offset = -range.pastDays; offset <= range.futureDays; offset++) {
    const at = new Date(Date.UTC(year!, month! - 1, day! + offset));
    days.push(at.toISOString().slice(0, 10).replaceAll("-", ""));
  }
  return days;
}

/**
 * The files that a log names. Each line has the marker before the path; what may follow the path depends on the log's format, so there are
 * two readings, the likelier first: all of the line, and up to the first space.
 */
export function namedFiles(log: Buffer): RelPath[][] {
  return bytesOf(log)
    .split("\n")
    .flatMap((line) => {
      const at = line.indexOf(SENT);
      if (at < 0) return [];
      const rest = line.slice(at + SENT.length).replace(/\r$/, "");
      const readings = [...new Set([rest, rest.trim(), rest.trim().split(/\s/)[0]!])].map(withoutEscapes);
      const paths = readings.map((path) => path.replace(/^(?:\.\/)+/, "") as Bytes).filter(isRelPath);
      return paths.length === 0 ? [] : [[...new Set(paths)]];
    });
}

/** rsync writes what a terminal would obey as `\#012`. */
function withoutEscapes(path: string): string {
  return path.replaceAll(/\\#([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
