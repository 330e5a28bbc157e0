import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hotdirProgram, type Outcome } from "./daemon.ts";
import { SuprsyncProducer } from "./suprsync-producer.ts";
import { makeTemporary } from "./temporary.ts";

/** An agent, or another command, that runs until it is told to end. */
export type Begun = {
  pid: number;
  /** What it printed, on both ways. */
  text: () => string;
  /** SIGTERM, and its exit status; fails after 20 s. */
  stop: () => Promise<number | null>;
  /** Its exit status, once it ends by itself. */
  ended: () => Promise<number | null>;
};

/** A user of SupRsync: a home, a directory with data, a database and a producer of rows that is not ours. */
export type SuprsyncUser = AsyncDisposable & {
  readonly path: string;
  readonly home: string;
  readonly database: string;
  readonly producer: SuprsyncProducer;
  /** Writes a file below `data/`; its absolute path. */
  write: (name: string, content: string | Buffer) => string;
  /** `hotdir suprsync ...` with `SUPRSYNC_DB` set, to its end. */
  run: (...args: string[]) => Promise<Outcome>;
  /** Any command line of hotdir's. */
  hotdir: (args: string[], env?: Record<string, string>) => Promise<Outcome>;
  /** `hotdir suprsync ...` until it is told to end. */
  begin: (args: string[], env?: Record<string, string>) => Begun;
};

export async function makeSuprsyncUser(more: Record<string, string> = {}): Promise<SuprsyncUser> {
  await using undo = new AsyncDisposableStack();
  const held = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporary());
  const [home, database] = [`${path}/home`, `${path}/dbs/suprsync.db`];
  for (const directory of [home, dirname(database), `${path}/data`]) mkdirSync(directory);
  const producer = undo.use(new SuprsyncProducer(database));
  const base = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LANG: "C.UTF-8",
    HOME: home,
    XDG_RUNTIME_DIR: home,
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${process.env["HOME"] ?? home}/.cache`,
    SUPRSYNC_DB: database,
    ...more,
  };
  const hotdir: SuprsyncUser["hotdir"] = async (args, env = {}) => {
    const child = execFile(hotdirProgram, args, { env: { ...base, ...env }, cwd: path, maxBuffer: 2 ** 28, timeout: 90_000 });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { status, signal, stdout, stderr };
  };
  const begin: SuprsyncUser["begin"] = (args, env = {}) => {
    const child = spawn(hotdirProgram, ["suprsync", ...args], { env: { ...base, ...env }, cwd: path, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
    const ended = async (): Promise<number | null> => {
      if (!isOver()) await once(child, "exit");
      return child.exitCode;
    };
    const stop = async (): Promise<number | null> => {
      if (isOver()) return child.exitCode;
      const over = once(child, "exit", { signal: AbortSignal.timeout(20_000) });
      child.kill("SIGTERM");
      await over;
      return child.exitCode;
    };
    held.defer(async () => {
      if (isOver()) return;
      child.kill("SIGKILL");
      await ended();
    });
    return { pid: child.pid ?? 0, text: () => text, stop, ended };
  };
  const write: SuprsyncUser["write"] = (name, content) => {
    const file = `${path}/data/${name}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  held.use(undo.move());
  const user = { path, home, database, producer, write, run: (...args: string[]) => hotdir(["suprsync", ...args]), hotdir, begin };
  return { ...user, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
