import { randomBytes } from "node:crypto";
import { HotdirError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type Bytes, bytesOf } from "../../kernel/path.ts";
import { formatAge } from "../../kernel/readable.ts";
import type { DigestAlgorithm } from "../digest.ts";
import { type CommandEnd, describeEnd, runCommand } from "../send/run-command.ts";
import { hostTrouble } from "./host-trouble.ts";
import { askTools, type FarTools, functionsFor, plainTools, readTools } from "./far-script.ts";
import { anyShellBytes, forAnyShell } from "./any-shell.ts";
import { type CommandTemplate, fillTemplate } from "./template.ts";

/** How one step ended; `output` is all that it wrote. */
export type Told = { status: number; output: Bytes };

export type FarShellOptions = {
  remote: CommandTemplate;
  /** null: no limit. */
  stillMs: number | null;
  /** null: contents are compared by nothing but their size. */
  algorithm: DigestAlgorithm | null;
  log: Log;
};

/** What one argument can hold, with room (Linux: 128 KiB). */
const SCRIPT_BYTES_MAX = 90_000;
const STEPS_MAX = 500;
/** What goes with each step, as it is in the argument. */
const MARK_BYTES = 90;
type Waiting = { step: string; resolve: (told: Told) => void; reject: (error: HotdirError) => void };

/**
 * A POSIX shell at the far end, by the user's remote command: one run of it carries many steps. Steps that are asked for while a run
 * is under way go together in the next one. Each step has a subshell of its own, and its own end. One run that fails as a
 * whole ends this shell, as a broken connection ends a lane: `ended` tells, and another one is opened.
 */
export class FarShell {
  readonly ended: Promise<HotdirError | null>;
  readonly tools: FarTools;
  readonly #options: FarShellOptions;
  readonly #stop = new AbortController();
  readonly #end: (error: HotdirError | null) => void;
  #error: HotdirError | null = null;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(options: FarShellOptions, tools: FarTools) {
    this.#options = options;
    this.tools = tools;
    let end: (error: HotdirError | null) => void = () => undefined;
    this.ended = new Promise((resolve) => (end = resolve));
    this.#end = end;
  }

  /** Asks what there is. Rejects where the host cannot be reached, or answers as no POSIX shell does. */
  static async open(options: FarShellOptions, signal: AbortSignal): Promise<FarShell> {
    const asking = new FarShell(options, plainTools);
    const [told] = await asking.runTogether([askTools(options.algorithm)], { signal });
    const tools = readTools(told!.output);
    options.log.debug(`the remote command answers (${Object.values(tools).join(", ")})`);
    return new FarShell(options, tools);
  }

  /** One step; with others, where there are any. */
  run(step: string): Promise<Told> {
    if (this.#error !== null) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      if (!this.#running) void this.#runWaiting();
    });
  }

  async #runWaiting(): Promise<void> {
    this.#running = true;
    // What is asked for in the same breath goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const steps = this.#waiting.splice(0, fitting(this.#waiting.map(({ step }) => step)));
      try {
        const told = await this.runTogether(steps.map(({ step }) => step));
        for (const [at, { resolve }] of steps.entries()) resolve(told[at]!);
      } catch (error) {
        for (const { reject } of steps) reject(error as HotdirError);
      }
    }
    this.#running = false;
  }

  /**
   * Steps in runs of their own, in order. Rejects where a run as a whole failed, or was cut off before all of them had ended:
   * what had is known only by looking again. `allowanceMs`: beside the limit, for work that moves no byte on this side.
   */
  async runTogether(steps: string[], limits: { signal?: AbortSignal; allowanceMs?: number } = {}): Promise<Told[]> {
    const told: Told[] = [];
    for (let rest = steps; rest.length > 0;) {
      const count = fitting(rest);
      told.push(...(await this.#runOnce(rest.slice(0, count), limits)));
      rest = rest.slice(count);
    }
    return told;
  }

  async #runOnce(steps: string[], { signal, allowanceMs = 0 }: { signal?: AbortSignal; allowanceMs?: number }): Promise<Told[]> {
    if (this.#error !== null) throw this.#error;
    const { remote, stillMs } = this.#options;
    const token = randomBytes(12).toString("hex");
    const command = forAnyShell(scriptOf(steps, this.tools, token));
    const limitMs = stillMs === null ? null : stillMs + allowanceMs;
    const either = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const end = await runCommand(fillTemplate(remote, { command }), { signal: either, stillMs: limitMs, reads: true });
    const told = readAnswers(bytesOf(end.stdout), token);
    if (told !== null && told.length === steps.length) return told;
    const error = this.#failure(end, told === null, limitMs);
    this.#fail(error);
    throw error;
  }

  #failure(end: CommandEnd, silent: boolean, limitMs: number | null): HotdirError {
    const operation = "run the remote command";
    const detail = describeEnd(end, `nothing moved for ${formatAge(limitMs ?? 0)}`);
    if (end.late) return new HotdirError("connection-stalled", { operation, detail });
    if (end.exit.kind === "not-started") return new HotdirError("command-not-started", { operation, detail });
    const code = hostTrouble(end);
    if (code !== null) return new HotdirError(silent ? code : "connection-lost", { operation, detail });
    const how =
      silent && end.exit.kind === "status" && end.exit.status === 0 ? "it ended with 0, and ran nothing of what it was given" : detail;
    return new HotdirError(silent ? "remote-command-failed" : "connection-lost", { operation, detail: how });
  }

  #fail(error: HotdirError): void {
    if (this.#error !== null) return;
    this.#error = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#end(error);
  }

  /** What is under way is ended. */
  close(): void {
    this.#stop.abort(new HotdirError("interrupted", { operation: "run the remote command" }));
    this.#error ??= new HotdirError("connection-lost", { operation: "run the remote command", detail: "it was closed" });
    this.#end(null);
  }
}

/** How many of the steps fit one run. One always does. */
function fitting(steps: readonly string[]): number {
  let bytes = 0;
  const over = steps.findIndex((step, at) => (bytes += anyShellBytes(step) + MARK_BYTES) > SCRIPT_BYTES_MAX || at >= STEPS_MAX);
  return over < 0 ? steps.length : Math.max(1, over);
}

function scriptOf(steps: string[], tools: FarTools, token: string): string {
  const mark = (what: string): string => `printf '\\n%s %s\\n' ${token} ${what}`;
  const parts = steps.map((step) => `(${step}) </dev/null 2>&1;${mark('"$?"')}`);
  return ["LC_ALL=C;export LC_ALL", functionsFor(tools), mark("-"), ...parts].join(";");
}

/** What came before the first mark is the login's. null: there is no mark. Those that had ended, where it was cut off. */
function readAnswers(output: Bytes, token: string): Told[] | null {
  const [, begun, ...rest] = output.split(new RegExp(`\\n${token} (-|\\d+)\\n`));
  if (begun !== "-") return null;
  const told: Told[] = [];
  for (let at = 0; at + 1 < rest.length; at += 2) told.push({ status: Number(rest[at + 1]), output: rest[at] as Bytes });
  return told;
}
