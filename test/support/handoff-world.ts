import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";
import { homedir } from "node:os";
import { hotdirProgram, type Outcome } from "./daemon.ts";
import { makeTemporary } from "./temporary.ts";

export type HandoffWorld = AsyncDisposable & {
  directory: string;
  buffer: string;
  holding: string;
  /** Both sites are this machine. */
  endpoint: { buffer: string; staging: string };
  database: string;
  config: string;
  /** Writes the configuration; `{DIR}` becomes the world's directory. */
  configure(yaml: string): void;
  /** `hotdir hdfmgr VERB CONFIG` to its end. */
  hdfmgr(...args: string[]): Promise<Outcome>;
  /** `hotdir` with the state of the manager that runs, or ran. */
  ask(command: string, ...args: string[]): Promise<Outcome>;
  /** Starts `hdfmgr run`. */
  start(...more: string[]): void;
  /** Of what was started. */
  pid(): number;
  /** The exit status. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Until it ends by itself; the exit status. */
  ended(): Promise<number | null>;
  log(): string;
  /** Rows of the database as any other program reads them. */
  rows(sql: string): Array<Record<string, unknown>>;
  /** Paths of the files below a directory. */
  files(directory: string): string[];
};

/** A handoff site and its endpoint site, below one directory. */
export async function makeHandoffWorld(): Promise<HandoffWorld> {
  const temporary = await makeTemporary();
  const directory = temporary.path;
  const [buffer, holding] = [`${directory}/buffer`, `${directory}/holding`];
  const endpoint = { buffer: `${directory}/endpoint/buffer`, staging: `${directory}/endpoint/staging` };
  for (const path of [buffer, holding, endpoint.buffer, endpoint.staging, `${directory}/home`]) mkdirSync(path, { recursive: true });
  const [config, database, logFile] = [`${directory}/config.yaml`, `${directory}/handoff.db`, `${directory}/run.log`];
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: `${directory}/home`,
    LANG: "C.UTF-8",
    TZ: "America/Chicago",
    HOTDIR_STATE_DIR: `${directory}/state`,
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${homedir()}/.cache`,
  };
  let child: ChildProcess | null = null;
  const run = async (args: string[]): Promise<Outcome> => {
    const running = execFile(hotdirProgram, args, { env, cwd: directory, timeout: 60_000, maxBuffer: 2 ** 26 });
    let [stdout, stderr] = ["", ""];
    running.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    running.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [status, signal] = (await once(running, "close")) as [number | null, NodeJS.Signals | null];
    return { status, signal, stdout, stderr };
  };
  const ended = async (): Promise<number | null> => {
    if (child !== null && child.exitCode === null && child.signalCode === null)
      await once(child, "exit", { signal: AbortSignal.timeout(60_000) });
    return child?.exitCode ?? null;
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child?.kill(signal);
    return await ended();
  };
  return {
    directory,
    buffer,
    holding,
    endpoint,
    database,
    config,
    configure: (yaml) => writeFileSync(config, yaml.replaceAll("{DIR}", directory)),
    hdfmgr: (...args) => run(["hdfmgr", ...args, config]),
    ask: (command, ...args) => {
      const state = `${directory}/state/hdfmgr`;
      const own = `${state}/${readdirSync(state)[0]!}`;
      return run([command, "-c", `${own}/hotdir.yaml`, "--state-dir", own, ...args]);
    },
    start(...more) {
      const log = openSync(logFile, "a");
      child = spawn(hotdirProgram, ["hdfmgr", "run", ...more, config], { env, cwd: directory, stdio: ["ignore", log, log] });
      closeSync(log);
    },
    pid: () => child?.pid ?? -1,
    end,
    ended,
    log: () => readFileSync(logFile, "utf8").split("\n").slice(-80).join("\n"),
    rows(sql) {
      using sqlite = new DatabaseSync(database, { readOnly: true, timeout: 5000 });
      return sqlite.prepare(sql).all();
    },
    files: (below) =>
      readdirSync(below, { recursive: true, withFileTypes: true, encoding: "utf8" })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(below.length + 1))
        .toSorted(),
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** A configuration whose endpoint is reached by a shell of this machine. */
export function localConfiguration(transfer: string, more = ""): string {
  return `database: {engine: "sqlite:///handoff.db"}
handoff: {buffer: "{DIR}/buffer", holding: "{DIR}/holding"}
endpoint:
  user: jdoe
  host: example.edu
  buffer: "{DIR}/endpoint/buffer"
  staging: "{DIR}/endpoint/staging"
  commands:
    transfer: ${JSON.stringify(transfer)}
    remote: "sh -c \\"{command}\\""
${more}`;
}
