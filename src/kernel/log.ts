import pino from "pino";
import type { LogFile } from "./log-file.ts";
import { readableLine } from "./log-line.ts";
import { redact, redactFacts } from "./redact.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * `text` is for people; `facts` are for programs. Names in `facts` are already printable (`show`).
 * No password, key or token gets through: text and facts are redacted here, at the edge.
 */
export interface Log {
  debug(text: string, facts?: Record<string, unknown>): void;
  info(text: string, facts?: Record<string, unknown>): void;
  warn(text: string, facts?: Record<string, unknown>): void;
  error(text: string, facts?: Record<string, unknown>): void;
  /** With these facts on each line. `level`: its own, in place of the whole program's. */
  with(facts: Record<string, unknown>, level?: LogLevel | null): Log;
  /** Whether lines of this level are read by anybody: for those that cost something to make. */
  wants(level: LogLevel): boolean;
  /** Only what people watch (a terminal, the journal), where too many lines are none. */
  readonly shown: Log;
  /** Only the file, which keeps every line. */
  readonly kept: Log;
}

type Write = (text: string, facts?: Record<string, unknown>) => void;
/** `fixed`: its level was asked for by whoever started the program, and no part of the program has another. */
type Sink = { reader: "shown" | "kept"; logger: pino.Logger; fixed: boolean };

/**
 * Readable lines on a terminal, one JSON object a line elsewhere (the journal, a pipe); and, where there is a
 * `file`, JSON lines there.
 * pino: the field's structured logger; it formats and writes, nothing more is taken from it.
 */
export function createLog(options: {
  level: LogLevel;
  to: NodeJS.WriteStream;
  readable?: boolean;
  /** What people watch has this level whatever the configuration says. */
  shownLevel?: LogLevel | null;
  file?: LogFile | null;
}): Log {
  const readable = options.readable ?? options.to.isTTY;
  const stream = readable ? { write: (line: string) => void options.to.write(readableLine(line, "time")) } : options.to;
  const sinks: Sink[] = [
    { reader: "shown", logger: make(options.shownLevel ?? options.level, stream), fixed: (options.shownLevel ?? null) !== null },
  ];
  const { file } = options;
  if (file !== undefined && file !== null)
    sinks.push({ reader: "kept", logger: make(options.level, { write: (line: string) => file.write(line) }), fixed: false });
  return new SinkLog(sinks);
}

function make(level: LogLevel, stream: pino.DestinationStream): pino.Logger {
  return pino({ level, base: { pid: process.pid }, timestamp, formatters: { level: (label) => ({ level: label }) } }, stream);
}

let timestampMs = 0;
let timestampText = "";

/** Many lines are of the same millisecond, and to write a date takes as long as the rest of the line. */
function timestamp(): string {
  const now = Date.now();
  if (now !== timestampMs) {
    timestampMs = now;
    timestampText = `,"time":"${new Date(now).toISOString()}"`;
  }
  return timestampText;
}

const nothing = {};

class SinkLog implements Log {
  readonly #sinks: Sink[];
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;

  constructor(sinks: Sink[]) {
    this.#sinks = sinks;
    [this.debug, this.info, this.warn, this.error] = [
      this.#writer("debug"),
      this.#writer("info"),
      this.#writer("warn"),
      this.#writer("error"),
    ];
  }

  /** For one level; what nobody reads costs nothing. */
  #writer(level: LogLevel): Write {
    const loggers = this.#sinks.map(({ logger }) => logger).filter((logger) => logger.isLevelEnabled(level));
    if (loggers.length === 0) return () => undefined;
    const [first, second] = loggers.map((logger) => logger[level].bind(logger));
    return (text, facts) => {
      const shown = facts === undefined ? nothing : redactFacts(facts);
      const said = redact(text);
      first!(shown, said);
      second?.(shown, said);
    };
  }

  with(facts: Record<string, unknown>, level: LogLevel | null = null): Log {
    const bound = redactFacts(facts);
    return new SinkLog(
      this.#sinks.map(({ reader, logger, fixed }) => ({
        reader,
        logger: logger.child(bound, level === null || fixed ? {} : { level }),
        fixed,
      })),
    );
  }

  wants(level: LogLevel): boolean {
    return this.#sinks.some(({ logger }) => logger.isLevelEnabled(level));
  }

  get shown(): Log {
    return new SinkLog(this.#sinks.filter(({ reader }) => reader === "shown"));
  }

  get kept(): Log {
    return new SinkLog(this.#sinks.filter(({ reader }) => reader === "kept"));
  }
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
  wants: () => false,
  get shown() {
    return silentLog;
  },
  get kept() {
    return silentLog;
  },
};
