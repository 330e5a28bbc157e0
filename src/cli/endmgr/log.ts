import type { LoggingValue } from "../../importers/dbb/endpoint/schema.ts";
import type { At } from "../../importers/remark.ts";
import { createLog, type Log, type LogLevel } from "../../kernel/log.ts";
import { HotdirError } from "../../kernel/errors.ts";
import type { CliContext } from "../command.ts";

const levels: Readonly<Record<string, LogLevel>> = {
  DEBUG: "debug",
  INFO: "info",
  WARNING: "warn",
  WARN: "warn",
  ERROR: "error",
  CRITICAL: "error",
};

export function levelOf(logging: LoggingValue, at: (...path: string[]) => At): LogLevel {
  const { level } = logging;
  if (level === undefined) return "info";
  const known = levels[level.toUpperCase()];
  if (known !== undefined) return known;
  const { file, line } = at("logging", "level");
  throw new HotdirError("bad-configuration", {
    operation: "endmgr",
    detail: `${file}:${line}: logging.level: unknown value "${level}"; expected DEBUG, INFO, WARNING, ERROR or CRITICAL`,
  });
}

/** The log of a component that is no flow: on the terminal, or whatever standard error is. */
export function openLog(level: LogLevel, context: CliContext): Log {
  return createLog({ level, to: context.stderr });
}
