import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleepFor } from "node:timers/promises";
import { errnoOf } from "../../../kernel/errors.ts";
import { LastWords } from "./last-words.ts";

/** How the child ended. */
export type Exit = { kind: "status"; status: number } | { kind: "signal"; signal: string } | { kind: "not-started"; errno: string };

const END_OF_INPUT_MS = 1000;
const TERMINATE_MS = 2000;
/** After its exit, what it wrote on stderr may still be on its way; a background master of the user's may hold it open for ever. */
const LAST_WORDS_MS = 200;

/** An ssh child and its pipes. */
export class SshChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lastWords = new LastWords();
  readonly #stderrEnded: Promise<void>;
  #stopping: Promise<void> | null = null;

  /**
   * A session of its own, so that Ctrl-C in our terminal reaches us alone and we end in order.
   * Whatever kills us closes its standard input, and so ends it.
   */
  constructor(argv: string[]) {
    const [command, ...args] = argv;
    this.#process = spawn(command!, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.stdin = this.#process.stdin;
    this.stdout = this.#process.stdout;
    const { stderr } = this.#process;
    stderr.on("data", (chunk: Buffer) => this.#lastWords.add(chunk));
    this.#stderrEnded = new Promise((resolve) => stderr.on("close", resolve));
    this.exited = new Promise((resolve) => {
      this.#process.on("exit", (status, signal) =>
        resolve(signal === null ? { kind: "status", status: status ?? 0 } : { kind: "signal", signal }),
      );
      this.#process.on("error", (error) => resolve({ kind: "not-started", errno: errnoOf(error) ?? error.message }));
    });
    // An EPIPE after its end says nothing that `exited` does not.
    this.stdin.on("error", () => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** How it ended and what it said, if it has ended or does so within `waitMs`. */
  async ending(waitMs: number): Promise<{ exit: Exit | null; lines: string[] }> {
    const exit = await within(this.exited, waitMs);
    if (exit !== null) await within(this.#stderrEnded, LAST_WORDS_MS);
    return { exit, lines: this.#lastWords.lines() };
  }

  /** End of input, then SIGTERM, then SIGKILL, each with its bound; resolves when the process is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.stdin.end();
    this.stdout.resume();
    if ((await within(this.exited, END_OF_INPUT_MS)) === null) {
      this.#process.kill("SIGTERM");
      if ((await within(this.exited, TERMINATE_MS)) === null) this.#killGroup();
    }
    await this.exited;
    this.stdin.destroy();
    this.stdout.destroy();
    this.#process.stderr.destroy();
  }

  /** With its proxy command, if it has one. */
  #killGroup(): void {
    try {
      process.kill(-this.#process.pid!, "SIGKILL");
    } catch {
      this.#process.kill("SIGKILL");
    }
  }
}

/** null where it took longer. */
async function within<Result>(promise: Promise<Result>, waitMs: number): Promise<Result | null> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, sleepFor(waitMs, null, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
