import { formatTime } from "./readable.ts";

/** A line of the log as a program reads it: `facts` are all the others. */
export type LogEntry = { time: string; level: string; msg: string; flow?: string; path?: string } & Record<string, unknown>;

/** null: no line of ours, as when a kill or a full disk cut it off. */
export function parseLogLine(line: string): LogEntry | null {
  if (!line.startsWith("{")) return null;
  try {
    const entry = JSON.parse(line) as Partial<LogEntry>;
    return typeof entry.time === "string" && typeof entry.level === "string" && typeof entry.msg === "string" ? (entry as LogEntry) : null;
  } catch {
    return null;
  }
}

/** `08:41:44 WARN  to_hpfx  waiting: ...`, in local time: the facts are left out, since the text tells them. */
export function readableLine(line: string, clock: "time" | "date and time"): string {
  const entry = parseLogLine(line);
  return entry === null ? line : `${readableEntry(entry, clock)}\n`;
}

export function readableEntry(entry: LogEntry, clock: "time" | "date and time"): string {
  const flow = entry.flow === undefined ? "" : `${entry.flow}  `;
  return `${localTime(entry.time, clock)} ${entry.level.toUpperCase().padEnd(5)} ${flow}${entry.msg}`;
}

function localTime(iso: string, clock: "time" | "date and time"): string {
  const text = formatTime(Date.parse(iso));
  return clock === "time" ? text.slice(-8) : text;
}
