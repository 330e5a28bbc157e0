import { Writable } from "node:stream";
import type { PythonLevel, PythonLogging } from "../../importers/dbb/python-logging.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { LogLevel } from "../../kernel/log.ts";
import { formatRecord } from "./record-format.ts";
import { recordOf } from "./record.ts";
import { RotatingFile } from "./rotating-file.ts";

const LINE_CHARACTERS_MAX = 64 * 1024;

/** The level at which a daemon writes what is wanted. */
export const nativeLevels: Record<PythonLevel, LogLevel> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  ERROR: "error",
  CRITICAL: "error",
};

/**
 * A stream in place of standard error, which takes the lines of a daemon and whatever else is said, and writes them as Python's `logging` is configured to.
 * `name`: of the logger.
 */
export function pythonLog(logging: PythonLogging, name: string, stderr: NodeJS.WritableStream): NodeJS.WriteStream {
  const started = Date.now();
  const file = logging.file === null ? null : new RotatingFile(logging.file, logging.rotation);
  let rest = "";
  let inTrouble = false;
  const put = (line: string): void => {
    const record = recordOf(line, name, Date.now());
    const text = `${formatRecord(logging.format, record, started)}\n`;
    if (file === null) return void stderr.write(text);
    try {
      file.append(text, Date.now());
      inTrouble = false;
    } catch (error) {
      if (!inTrouble) stderr.write(`hotdir: the log file ${logging.file} cannot be written: ${messageOf(error)}; nothing waits for it\n`);
      inTrouble = true;
    }
  };
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop()!.slice(0, LINE_CHARACTERS_MAX);
      for (const line of lines.filter((one) => one !== "")) put(line);
      done();
    },
  });
  // All that is used of a stream of the terminal: that it is none.
  return Object.assign(stream, { isTTY: false }) as unknown as NodeJS.WriteStream;
}
