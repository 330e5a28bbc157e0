import { HotdirError } from "../../kernel/errors.ts";
import { type LogLevel, logLevels } from "../../kernel/log.ts";
import type { ParsedArguments } from "../command.ts";

export const logLevelOption = {
  type: "string",
  value: "LEVEL",
  says: `what is shown: ${logLevels.join(", ")} (default: as the configuration says, info); the file of the log is not concerned`,
} as const;

/** null: none was asked for. */
export function logLevel(args: ParsedArguments): LogLevel | null {
  const wanted = args.values["log-level"];
  const level = logLevels.find((known) => known === wanted) ?? null;
  if (level === null && wanted !== undefined)
    throw new HotdirError("bad-usage", {
      operation: "run",
      detail: `there is no log level ${JSON.stringify(wanted)}; known are ${logLevels.join(", ")}`,
    });
  return level;
}
