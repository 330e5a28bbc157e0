import pino from "pino";

/** `text` is for people; `facts` are for programs. Names in `facts` are already printable (`show`). */
export interface Log {
  debug(text: string, facts?: Record<string, unknown>): void;
  info(text: string, facts?: Record<string, unknown>): void;
  warn(text: string, facts?: Record<string, unknown>): void;
  error(text: string, facts?: Record<string, unknown>): void;
  with(facts: Record<string, unknown>): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * Readable lines on a terminal, one JSON object a line elsewhere (a file, the journal).
 * pino: the field's structured logger; it formats and writes, nothing more is taken from it.
 */
export function createLog(options: { level: LogLevel; to: NodeJS.WriteStream; readable?: boolean }): Log {
  const readable = options.readable ?? options.to.isTTY;
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    readable ? { write: (line: string) => void options.to.write(readableLine(line)) } : options.to,
  );
  return wrap(logger);
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, with: () => silentLog };

function wrap(logger: pino.Logger): Log {
  return {
    debug: (text, facts) => logger.debug(facts ?? {}, text),
    info: (text, facts) => logger.info(facts ?? {}, text),
    warn: (text, facts) => logger.warn(facts ?? {}, text),
    error: (text, facts) => logger.error(facts ?? {}, text),
    with: (facts) => wrap(logger.child(facts)),
  };
}

/** `08:41:44 WARN  to_hpfx  waiting: ...`: the facts are left out, since the text tells them. */
function readableLine(line: string): string {
  const entry = JSON.parse(line) as { time: string; level: string; msg: string; flow?: string };
  const flow = entry.flow === undefined ? "" : `${entry.flow}  `;
  return `${entry.time.slice(11, 19)} ${entry.level.toUpperCase().padEnd(5)} ${flow}${entry.msg}\n`;
}
