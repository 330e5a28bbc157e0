import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHILD_VARIABLE } from "./children-mark.ts";
import { HEARTBEAT_VARIABLE } from "./heartbeat.ts";

/** How this very program is called: the same Node, with the launcher's options, and the same sources. */
export function ownCommand(): string[] {
  const main = new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url);
  return [process.execPath, ...process.execArgv, fileURLToPath(main)];
}

/** What a supervisor and its daemon write when they have to say something; the daemon's log proper stands beside it. */
export function serviceLog(stateDirectory: string): string {
  return join(stateDirectory, "log", "service.log");
}

export type Launch = { stateDirectory: string; config: string; logLevel: string | null; environment: NodeJS.ProcessEnv };

function argumentsOf({ config, stateDirectory, logLevel }: Launch): string[] {
  return ["--config", config, "--state-dir", stateDirectory, ...(logLevel === null ? [] : ["--log-level", logLevel])];
}

/** The daemon's log proper has a file of its own; here is only what matters where it ended. */
const SHOWN_LEVEL = "warn";

/** A session of its own, so that no terminal takes it along when it goes. */
export function launchSupervisor(launch: Launch): ChildProcess {
  const log = openLog(launch.stateDirectory);
  const [node = "", ...rest] = ownCommand();
  try {
    const child = spawn(node, [...rest, "supervise", ...argumentsOf(launch)], {
      detached: true,
      stdio: ["ignore", log, log],
      // No file system is kept from being unmounted but the one that holds the state.
      cwd: launch.stateDirectory,
      env: ofNobody(launch.environment),
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** With the pipe of the heartbeat as its descriptor 3; a session of its own, so that a signal to ours leaves it to us. */
export function launchDaemon(launch: Launch): ChildProcess {
  const log = openLog(launch.stateDirectory);
  const [node = "", ...rest] = ownCommand();
  try {
    return spawn(node, [...rest, "run", ...argumentsOf({ ...launch, logLevel: launch.logLevel ?? SHOWN_LEVEL })], {
      detached: true,
      stdio: ["ignore", log, log, "pipe"],
      cwd: launch.stateDirectory,
      env: { ...ofNobody(launch.environment), [HEARTBEAT_VARIABLE]: "3" },
    });
  } finally {
    closeSync(log);
  }
}

/** Whoever is started by a daemon's child, by a command that an alert runs, say, is no child of that daemon any more. */
function ofNobody(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name !== CHILD_VARIABLE));
}

/** Where there is no log to be had its words are lost, which is better than no daemon. */
function openLog(stateDirectory: string): number {
  const file = serviceLog(stateDirectory);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, "a", 0o600);
  } catch {
    return openSync("/dev/null", "a");
  }
}
