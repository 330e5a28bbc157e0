import type { PythonLevel } from "../../importers/dbb/python-logging.ts";
import { parseLogLine } from "../../kernel/log-line.ts";
import type { LogLevel } from "../../kernel/log.ts";

/** What is said at one moment. */
export type LogRecord = { atMs: number; name: string; level: PythonLevel; message: string; pid: number };

const levels: Record<LogLevel, PythonLevel> = { debug: "DEBUG", info: "INFO", warn: "WARNING", error: "ERROR" };

/** Of one line without its end: ours, or anything else that is said. */
export function recordOf(line: string, name: string, nowMs: number): LogRecord {
  const entry = parseLogLine(line);
  if (entry === null) return { atMs: nowMs, name, level: "ERROR", message: line, pid: process.pid };
  const level = Object.hasOwn(levels, entry.level) ? levels[entry.level as LogLevel] : "INFO";
  const pid = typeof entry["pid"] === "number" ? entry["pid"] : process.pid;
  return { atMs: Date.parse(entry.time), name: entry.flow === undefined ? name : `${name}.${entry.flow}`, level, message: entry.msg, pid };
}
