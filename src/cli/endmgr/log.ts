import type { EndpointConfiguration } from "../../importers/dbb/endpoint/read-endpoint.ts";
import type { Component } from "../../importers/dbb/endpoint/schema.ts";
import type { Remarks } from "../../importers/remark.ts";
import type { LogLevel } from "../../kernel/log.ts";
import type { CliContext } from "../command.ts";

const levels: Readonly<Record<string, LogLevel>> = { DEBUG: "debug", INFO: "info", WARNING: "warn", ERROR: "error", CRITICAL: "error" };

/** Where a component's log goes, and how much of it. */
export type Logged = { context: CliContext; level: LogLevel };

/** What `logging` asks for. A wrong level is a remark, on its line. */
export function loggedAs({ logging, at }: EndpointConfiguration<Component>, remarks: Remarks, context: CliContext): Logged {
  const { level = "INFO" } = logging;
  const known = Object.hasOwn(levels, level) ? levels[level] : undefined;
  if (known === undefined)
    remarks.error(at("logging", "level"), `logging.level: unknown value "${level}"; expected ${Object.keys(levels).join(", ")}`);
  for (const key of ["file", "format", "rotate"] as const)
    if (logging[key] !== undefined)
      remarks.note(at("logging", key), `logging.${key}: the log goes to standard error, a line of text or of JSON for each message`);
  return { context, level: known ?? "info" };
}
