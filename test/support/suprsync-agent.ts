import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { hotdirProgram } from "./daemon.ts";

/** As they are typed: `{"--sleep-time": "1"}`. */
export type AgentArguments = Record<string, string>;

/** `hotdir suprsync ARGUMENTS...` in a process of its own, which can be killed and started again. */
export class SuprsyncAgent implements AsyncDisposable {
  readonly #order: { directory: string; name: string; sshConfigFile: string; arguments: AgentArguments };
  #child: ChildProcess | null = null;

  constructor(order: { directory: string; name: string; sshConfigFile: string; arguments: AgentArguments }) {
    this.#order = order;
  }

  start(): void {
    const log = openSync(this.#logFile, "a");
    const words = Object.entries(this.#order.arguments).flat();
    this.#child = spawn(hotdirProgram, ["suprsync", ...words], { env: this.env, stdio: ["ignore", log, log] });
    closeSync(log);
  }

  get env(): Record<string, string> {
    return {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      LANG: "C.UTF-8",
      HOME: join(this.#order.directory, "home"),
      HOTDIR_SSH: `ssh -F ${this.#order.sshConfigFile}`,
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? `${homedir()}/.cache`,
    };
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("the agent does not run");
    return pid;
  }

  get runs(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async killHard(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** The exit status. */
  async stop(): Promise<number | null> {
    await this.#end("SIGTERM");
    return this.#child?.exitCode ?? null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child === null || !this.runs) return;
    const ended = once(this.#child, "exit", { signal: AbortSignal.timeout(20_000) });
    this.#child.kill(signal);
    await ended;
  }

  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, "utf8") : "";
  }

  get #logFile(): string {
    return join(this.#order.directory, `agent-${this.#order.name}.log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killHard();
  }
}
