import { type ChildProcess, spawn } from "node:child_process";
import { messageOf } from "../../kernel/errors.ts";
import type { AbsPath } from "../../kernel/path.ts";
import { formatAge } from "../../kernel/readable.ts";
import { launchOf, nulSeparated } from "./arguments.ts";
import { Reports } from "./reports.ts";

/** After SIGTERM. */
const KILL_AFTER_MS = 3000;
/** What the command left running, and what keeps its output open, is not waited for longer. */
const OUTPUT_AFTER_END_MS = 1000;
/** A message with a whole traceback is read. */
const LINE_CHARACTERS_MAX = 1024 * 1024;
const SAID_CHARACTERS_MAX = 4096;
const WORDS_CHARACTERS_MAX = 4096;

export type Batch = {
  command: readonly string[];
  paths: readonly AbsPath[];
  /** Beside hotdir's own environment. */
  env: Record<string, string>;
  silenceMs: number;
  /** Whatever it prints that is no report. */
  said: (line: string) => void;
};

/** `failure`: what is said of files that it did not report; null: it ended with status 0. */
export type BatchEnd =
  | { kind: "not-started"; detail: string }
  | { kind: "ended"; reports: Reports; failure: string | null }
  /** `signal` ended it; what it had reported before stands. */
  | { kind: "interrupted"; reports: Reports };

/** Runs the user's command for a batch to its end: in a process group of its own, which is ended as a whole when it is silent for too long. */
export async function runBatch(batch: Batch, signal: AbortSignal): Promise<BatchEnd> {
  const reports = new Reports(batch.paths);
  const started = start(batch);
  if (!("child" in started)) return { kind: "not-started", detail: started.detail };
  const { child, byXargs } = started;
  const ending = new Ending(child, batch.silenceMs, signal);
  const words = new Words((line, isCut) => {
    if (isCut) reports.addCut(line);
    else reports.add(line);
    batch.said(line.slice(0, SAID_CHARACTERS_MAX));
  }, ending);
  words.read(child);
  child.stdin?.on("error", () => undefined).end(nulSeparated(batch.paths));
  const { error, status, killedBy } = await ended(child);
  ending[Symbol.dispose]();
  words.end();
  const isNotFound = byXargs && (status === 126 || status === 127);
  if (error !== null || isNotFound) return { kind: "not-started", detail: error ?? words.last };
  if (ending.reason === "stopped") return { kind: "interrupted", reports };
  const how =
    ending.reason === "silent"
      ? `it said nothing for ${formatAge(batch.silenceMs)}, so it was ended`
      : status === 0
        ? null
        : (killedBy ?? `exit ${status}`);
  return { kind: "ended", reports, failure: how === null ? null : `${how}${words.last === "" ? "" : `: ${words.last}`}` };
}

/** Some of what keeps a program from being started (no memory, no room for a list of names) is thrown, and some is told later. */
function start({ command, paths, env }: Batch): { child: ChildProcess; byXargs: boolean } | { detail: string } {
  try {
    using launch = launchOf(command, paths);
    const child = spawn(launch.program, launch.args, {
      stdio: ["pipe", "pipe", "pipe", ...(launch.list === null ? [] : [launch.list])],
      detached: true,
      env: { ...process.env, ...env },
    });
    return { child, byXargs: launch.byXargs };
  } catch (error) {
    return { detail: messageOf(error) };
  }
}

type End = { error: string | null; status: number | null; killedBy: string | null };

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ error: messageOf(error), status: null, killedBy: null }));
    child.on("exit", () =>
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, OUTPUT_AFTER_END_MS).unref(),
    );
    child.on("close", (status, killedBy) => resolve({ error: null, status, killedBy }));
  });
}

/** Ends the group of a command that is not wanted any more, or says nothing. */
class Ending implements Disposable {
  reason: "stopped" | "silent" | null = null;
  readonly #child: ChildProcess;
  readonly #silenceMs: number;
  readonly #signal: AbortSignal;
  readonly #stop = (): void => this.#end("stopped");
  #timer: NodeJS.Timeout | null = null;

  constructor(child: ChildProcess, silenceMs: number, signal: AbortSignal) {
    this.#child = child;
    this.#silenceMs = silenceMs;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop, { once: true });
    if (signal.aborted) this.#stop();
    this.heard();
  }

  heard(): void {
    if (this.reason !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end("silent"), this.#silenceMs);
  }

  #end(reason: "stopped" | "silent"): void {
    if (this.reason !== null) return;
    this.reason = reason;
    this.#kill("SIGTERM");
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#kill("SIGKILL"), KILL_AFTER_MS);
  }

  #kill(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      // The whole group has ended by itself.
    }
  }

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#stop);
    // The command heeded SIGTERM; what it started may not have.
    if (this.reason !== null) this.#kill("SIGKILL");
  }
}

/** Lines of its standard output as they come, and the last line that it said anywhere, for people. */
class Words {
  /** `isCut`: it was longer. */
  readonly #line: (line: string, isCut: boolean) => void;
  readonly #heard: { heard(): void };
  #rest = "";
  #complaint = "";
  #output = "";

  constructor(line: (line: string, isCut: boolean) => void, heard: { heard(): void }) {
    this.#line = line;
    this.#heard = heard;
  }

  /** Of standard error, or else of what was no report on standard output. */
  get last(): string {
    const lines = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");
    return (
      lines(this.#complaint).at(-1)?.trim() ??
      lines(this.#output)
        .findLast((line) => !line.startsWith("{"))
        ?.trim() ??
      ""
    );
  }

  read(child: ChildProcess): void {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#heard.heard();
      this.#output = (this.#output + text).slice(-WORDS_CHARACTERS_MAX);
      for (const [at, part] of text.split("\n").entries()) {
        if (at > 0) this.#endLine();
        if (this.#rest.length <= LINE_CHARACTERS_MAX) this.#rest += part;
      }
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#heard.heard();
      this.#complaint = (this.#complaint + text).slice(-WORDS_CHARACTERS_MAX);
    });
  }

  /** A last line need not end. */
  end(): void {
    if (this.#rest !== "") this.#endLine();
  }

  /** What follows the most of a line is not kept. */
  #endLine(): void {
    const line = this.#rest;
    this.#rest = "";
    this.#line(line, line.length > LINE_CHARACTERS_MAX);
  }
}
