import { formatPlace, type LogField, type PythonLevel } from "../../importers/dbb/python-logging.ts";
import type { LogRecord } from "./record.ts";

const levelNumbers: Record<PythonLevel, number> = { DEBUG: 10, INFO: 20, WARNING: 30, ERROR: 40, CRITICAL: 50 };

/** One line without its end, by a format that was checked. `startedMs`: of this process. */
export function formatRecord(format: string, record: LogRecord, startedMs: number): string {
  return format.replaceAll(
    formatPlace,
    (_place, name: LogField | undefined, flags: string, width: string, precision: string | undefined, kind: string) => {
      if (name === undefined) return "%";
      return pad(written(valueOf(name, record, startedMs), kind, precision), flags, Number(width || 0));
    },
  );
}

function valueOf(field: LogField, { atMs, name, level, message, pid }: LogRecord, startedMs: number): string | number {
  switch (field) {
    case "asctime":
      return localTime(atMs);
    case "created":
      return atMs / 1000;
    case "msecs":
      return atMs % 1000;
    case "relativeCreated":
      return Math.max(0, atMs - startedMs);
    case "levelname":
      return level;
    case "levelno":
      return levelNumbers[level];
    case "message":
      return message;
    case "name":
      return name;
    case "process":
    case "thread":
      return pid;
    case "processName":
      return "MainProcess";
    case "threadName":
      return "MainThread";
    case "lineno":
      return 0;
    // Where in a program a line comes from tells nobody anything but who wrote it.
    case "filename":
    case "funcName":
    case "module":
    case "pathname":
      return "hotdir";
  }
}

function written(value: string | number, kind: string, precision: string | undefined): string {
  if (typeof value === "string") return precision === undefined ? value : value.slice(0, Number(precision));
  if (kind === "f") return value.toFixed(Number(precision ?? 6));
  return kind === "s" ? String(value) : String(Math.trunc(value)).padStart(Number(precision ?? 0), "0");
}

function pad(text: string, flags: string, width: number): string {
  if (flags.includes("-")) return text.padEnd(width);
  return text.padStart(width, flags.includes("0") && /^\d/.test(text) ? "0" : " ");
}

/** `2026-11-29 01:02:03,456` */
function localTime(atMs: number): string {
  const at = new Date(atMs);
  const digits = (value: number, count = 2): string => String(value).padStart(count, "0");
  const date = `${at.getFullYear()}-${digits(at.getMonth() + 1)}-${digits(at.getDate())}`;
  return `${date} ${digits(at.getHours())}:${digits(at.getMinutes())}:${digits(at.getSeconds())},${digits(at.getMilliseconds(), 3)}`;
}
