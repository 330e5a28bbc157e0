import type { PythonLogging } from "../../importers/dbb/python-logging.ts";
import type { LogLevel } from "../../kernel/log.ts";
import type { CliContext } from "../command.ts";
import { nativeLevels, pythonLog } from "../python-log/python-log.ts";

/** Where a component's log goes, and how much of it. */
export type Logged = { context: CliContext; level: LogLevel };

/** What is said from now on is written as the section `logging` has it: faults of the configuration were told before. */
export function loggedAs({ logging }: { logging: PythonLogging }, context: CliContext): Logged {
  return { context: { ...context, stderr: pythonLog(logging, "hotdir.endmgr", context.stderr) }, level: nativeLevels[logging.level] };
}
