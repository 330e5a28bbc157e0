import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { type Claim, type Letter, parseDead, parseReceipts, parseStatus, type Status } from "./facts.ts";
import { lookAtStatus } from "./look.ts";
import { childrenOf } from "./processes.ts";
import { waitUntil } from "./waiting.ts";

/** The checkout's launcher; `HOTDIR_TEST_PROGRAM` puts another in its place, an installed package say. */
export const hotdirProgram = process.env["HOTDIR_TEST_PROGRAM"] ?? fileURLToPath(new URL("../../bin/hotdir", import.meta.url));

/** Where a daemon finds its things; all below the world's own directory, so that nothing of the user is touched. */
export type DaemonPlace = {
  configFile: string;
  stateDirectory: string;
  home: string;
  logFile: string;
  /** Without root's power to read what permissions forbid. */
  withoutOverride?: boolean;
  env?: Record<string, string>;
};

export type Outcome = { status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** The command line on one state directory: one daemon at a time, and questions beside it. */
export class Hotdir {
  readonly #place: DaemonPlace;
  #child: ChildProcess | null = null;

  constructor(place: DaemonPlace) {
    this.#place = place;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the daemon does not run");
    return pid;
  }

  /** Starts `hotdir run` and does not wait for anything. */
  start(...more: string[]): void {
    if (this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null)
      throw new Error("the daemon runs already");
    const log = openSync(this.#place.logFile, "a");
    const [command, args] = this.#argv(["run", ...this.#common(), ...more]);
    this.#child = spawn(command, args, { env: this.#env(), stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /** Waits for the end of a daemon that ends by itself. */
  async ended(timeoutMs: number): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
    const child = this.#child;
    if (child === null) throw new Error("the daemon was not started");
    try {
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit", { signal: AbortSignal.timeout(timeoutMs) });
    } catch {
      throw new Error(`the daemon did not end within ${timeoutMs} ms; its log:\n${this.log()}`);
    }
    return { status: child.exitCode, signal: child.signalCode };
  }

  /** `run --until-idle` to its end. */
  async runUntilIdle(timeoutMs = 60_000): Promise<number | null> {
    this.start("--until-idle");
    try {
      return (await this.ended(timeoutMs)).status;
    } finally {
      await this.killHard();
    }
  }

  /** SIGKILL: nothing is finished, nothing is said. */
  async killHard(): Promise<void> {
    await this.#end("SIGKILL", 10_000);
  }

  /** SIGTERM; fails when it does not end within the bound that a supervisor would give it. */
  async stop(timeoutMs = 20_000): Promise<number | null> {
    await this.#end("SIGTERM", timeoutMs);
    return this.#child?.exitCode ?? null;
  }

  async #end(signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await this.ended(timeoutMs);
  }

  /** The ssh processes of the daemon's lanes. */
  lanes(): number[] {
    return childrenOf(this.pid, "ssh");
  }

  /** Any command, to its end. */
  async ask(command: string, ...args: string[]): Promise<Outcome> {
    const [program, argv] = this.#argv([command, ...this.#common(), ...args]);
    const child = execFile(program, argv, { env: this.#env(), maxBuffer: 2 ** 28, timeout: 60_000 });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [status, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { status, signal, stdout, stderr };
  }

  async status(): Promise<Status> {
    return parseStatus(await this.#facts("status", "--json"));
  }

  async receipts(): Promise<Claim[]> {
    return parseReceipts(await this.#facts("receipts", "--format", "json"));
  }

  async dead(): Promise<Letter[]> {
    return parseDead(await this.#facts("dead", "--json"));
  }

  /** Waits until `status` is as wanted. The command line has the last word; before that a look from here spares a process each time. */
  async waitFor(what: string, wanted: (status: Status) => boolean, timeoutMs = 30_000): Promise<Status> {
    let last: Status | null = null;
    const isWanted = async (): Promise<Status | null> => {
      const seen = await lookAtStatus(this.#place);
      if (seen !== null && !wanted((last = seen))) return null;
      return wanted((last = await this.status())) ? last : null;
    };
    return waitUntil(what, isWanted, {
      timeoutMs,
      everyMs: 100,
      explain: () => `last status: ${JSON.stringify(last)}\nlog:\n${this.log()}`,
    });
  }

  /** Whether something is certainly under way, by a look that costs next to nothing. */
  async isBusy(): Promise<boolean> {
    const seen = await lookAtStatus(this.#place);
    return seen !== null && seen.flows.some(({ counts }) => counts.settling + counts.queued + counts.sending > 0);
  }

  /** Waits until at least `seen` changes are known and none is under way. */
  async waitIdle(seen: number, timeoutMs = 60_000): Promise<Status> {
    const isIdle = ({ flows }: Status): boolean =>
      flows.every(({ counts }) => counts.seen >= seen && counts.settling + counts.queued + counts.sending === 0);
    return this.waitFor(`idle with ${seen} changes seen`, isIdle, timeoutMs);
  }

  log(): string {
    return readFileSync(this.#place.logFile, "utf8").split("\n").slice(-60).join("\n");
  }

  async #facts(command: string, ...args: string[]): Promise<string> {
    const outcome = await this.ask(command, ...args);
    // Exit status 3 says that dead letters remain; the facts are whole.
    if (outcome.status !== 0 && outcome.status !== 3)
      throw new Error(`hotdir ${command} ended with ${String(outcome.status)}: ${outcome.stderr}`);
    return outcome.stdout;
  }

  #common(): string[] {
    return ["-c", this.#place.configFile, "--state-dir", this.#place.stateDirectory];
  }

  #argv(args: string[]): [string, string[]] {
    if (this.#place.withoutOverride !== true || process.getuid?.() !== 0) return [hotdirProgram, args];
    return ["setpriv", ["--bounding-set=-dac_override,-dac_read_search", hotdirProgram, ...args]];
  }

  #env(): NodeJS.ProcessEnv {
    const { home, env } = this.#place;
    return {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      LANG: "C.UTF-8",
      HOME: home,
      XDG_CONFIG_HOME: `${home}/.config`,
      XDG_STATE_HOME: `${home}/.local/state`,
      XDG_RUNTIME_DIR: home,
      // Compiled code is shared between worlds: a start costs a third then.
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${homedir()}/.cache`,
      ...env,
    };
  }
}
