import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hotdirProgram, type Outcome } from "./daemon.ts";
import { makeHosts, type Hosts } from "./hosts.ts";
import { isAlive } from "./processes.ts";

/** A user of Sarracenia: a home with a configuration directory, a broker, an account on a cluster, and hotdir under sr3's names. */
export type Sr3User = AsyncDisposable & {
  readonly hosts: Hosts;
  readonly home: string;
  /** Where the daemon of sr3's configurations keeps its state. */
  readonly state: string;
  /** Writes files below `~/.config/sr3`. */
  configure: (files: Record<string, string>) => void;
  /** `sr3 ...`, `sr3_post ...`, `sr3_watch ...`, in the home, to its end. */
  run: (program: "sr3" | "sr3_post" | "sr3_watch", ...args: string[]) => Promise<Outcome>;
  /** The same until it is ended by a signal. */
  begin: (program: "sr3" | "sr3_watch", ...args: string[]) => { pid: number; text: () => string; ended: () => Promise<number | null> };
  /** Of the supervisor and of the daemon; those that run. */
  pids: () => number[];
  log: () => string;
};

export async function makeSr3User(): Promise<Sr3User> {
  await using undo = new AsyncDisposableStack();
  const hosts = undo.use(await makeHosts());
  const home = hosts.place("home");
  const state = `${home}/.local/state/hotdir/sr3`;
  const programs = hosts.place("programs");
  for (const name of ["sr3", "sr3_post", "sr3_watch"]) symlinkSync(hotdirProgram, `${programs}/${name}`);
  const { name: user, password } = hosts.rabbitmq.user;
  const env = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    LANG: "C.UTF-8",
    USER: "bob",
    HOME: home,
    EDITOR: `${home}/editor --quick`,
    XDG_RUNTIME_DIR: home,
    HOTDIR_SSH: `ssh -F ${hosts.sshd.sshConfigFile}`,
    BROKER: `amqp://${user}@127.0.0.1:${hosts.rabbitmq.port}`,
    CLUSTER: hosts.sshd.hostAlias,
    FOLDER: `${hosts.sshd.home}/on_cluster`,
  };
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  write(`${home}/.config/hotdir/sr3.yaml`, "page: off\n");
  write(`${home}/.config/sr3/credentials.conf`, `amqp://${user}:${password}@127.0.0.1:${hosts.rabbitmq.port}\n`);
  chmodSync(`${home}/.config/sr3/credentials.conf`, 0o600);
  const seen = new Set<number>();
  const pids = (): number[] => {
    const found = ["supervisor.lock", "owner.lock"].flatMap((lock) => holderOf(`${state}/${lock}`));
    for (const pid of found) seen.add(pid);
    return found;
  };
  const run: Sr3User["run"] = async (program, ...args) => {
    const child = execFile(`${programs}/${program}`, args, { env, cwd: home, maxBuffer: 2 ** 28, timeout: 90_000 });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    pids();
    return { status, signal, stdout, stderr };
  };
  undo.defer(async () => {
    pids();
    await run("sr3", "stop");
    for (const pid of seen) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  const held = undo.move();
  return {
    hosts,
    home,
    state,
    configure: (files) => {
      for (const [name, text] of Object.entries(files)) write(`${home}/.config/sr3/${name}`, text);
    },
    run,
    begin: (program, ...args) => {
      const child = spawn(`${programs}/${program}`, args, { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      const closed = once(child, "close") as Promise<[number | null]>;
      held.defer(() => void child.kill("SIGKILL"));
      return { pid: child.pid ?? -1, text: () => text, ended: async () => (await closed)[0] };
    },
    pids,
    log: () => tryRead(`${state}/log/service.log`) + tryRead(`${state}/log/hotdir.log`).split("\n").slice(-40).join("\n"),
    [Symbol.asyncDispose]: async () => held.disposeAsync(),
  };
}

function holderOf(lock: string): number[] {
  const pid = Number(tryRead(lock).split(" ")[0]);
  return Number.isInteger(pid) && pid > 1 && isAlive(pid) && pid !== process.pid ? [pid] : [];
}

function tryRead(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** What its users add to a file while it is used. */
export function addLine(file: string, line: string): void {
  appendFileSync(file, `${line}\n`);
}
