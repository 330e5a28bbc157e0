import type { Configuration } from "../../config/parse.ts";
import { LogFile } from "../../kernel/log-file.ts";
import { logDirectory } from "../../kernel/log-names.ts";
import { createLog, type Log, type LogLevel } from "../../kernel/log.ts";

/**
 * The log of a daemon: what people watch goes to `to`, and every line into the file of the state directory, as the
 * configuration has it. Disposed of after the daemon, whose last lines it takes.
 */
export function openDaemonLog(options: {
  configuration: Configuration;
  stateDirectory: string;
  to: NodeJS.WriteStream;
  /** What is shown, whatever the configuration says; null: as that says. The file is not concerned. */
  shownLevel: LogLevel | null;
  readable?: boolean;
}): AsyncDisposable & { log: Log } {
  const { level, rotate } = options.configuration.daemon.log;
  const file = new LogFile({
    directory: logDirectory(options.stateDirectory),
    ...rotate,
    tell: (how, text) => log.shown[how](text),
  });
  const { to, shownLevel, readable } = options;
  const log = createLog({ level, to, shownLevel, file, ...(readable === undefined ? {} : { readable }) });
  return { log, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
}
