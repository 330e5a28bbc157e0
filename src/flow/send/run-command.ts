import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Exit } from "./ssh/child.ts";
import { LastWords } from "./ssh/last-words.ts";

const STDOUT_BYTES_MAX = 16 * 1024 * 1024;
/** After SIGTERM. */
const KILL_AFTER_MS = 3000;
/** After its exit, for what it said last to be read. */
const LAST_WORDS_MS = 1000;
/** What moves less than this while nobody looks does not move: keep-alives are no progress. */
const MOVED_BYTES_MIN = 2048;

export type CommandRun = {
  signal: AbortSignal;
  /** Ended when nothing moved for so long; where that cannot be seen, when it took so long. null: never. */
  stillMs: number | null;
  /** Ended when it took so long, whatever moves. */
  boundMs?: number;
  /** Wants what it writes to standard output. */
  reads?: boolean;
};

/** How a command ended. `late`: it was ended, since nothing moved for too long, or it took too long. */
export type CommandEnd = { exit: Exit; late: boolean; stdout: Buffer; words: string[]; tookMs: number };

/**
 * Runs a user's command, argv and never a shell, to its end. Rejects only with the signal's reason. It has a process group of its own, so
 * that all that it began ends with it.
 */
export function runCommand(argv: string[], { signal, stillMs, boundMs, reads }: CommandRun): Promise<CommandEnd> {
  signal.throwIfAborted();
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program!, args, { stdio: ["ignore", reads === true ? "pipe" : "ignore", "pipe"], detached: true });
    const words = new LastWords();
    const output: Buffer[] = [];
    let outputBytes = 0;
    let notStarted: string | null = null;
    let late = false;
    // Without descriptors to spare there are no streams, and only the error comes.
    child.stderr?.on("data", (chunk: Buffer) => words.add(chunk));
    child.stdout?.on("data", (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes <= STDOUT_BYTES_MAX) output.push(chunk);
    });
    const closePipes = (): void => {
      child.stderr?.destroy();
      child.stdout?.destroy();
    };
    const stop = (): void => {
      endGroup(child.pid, "SIGTERM");
      setTimeout(() => {
        endGroup(child.pid, "SIGKILL");
        closePipes();
      }, KILL_AFTER_MS).unref();
    };
    const beLate = (): void => {
      late = true;
      stop();
    };
    const watch = stillMs === null || child.pid === undefined ? null : watchStillness(child.pid, stillMs, beLate);
    const bound = boundMs === undefined ? null : setTimeout(beLate, boundMs);
    signal.addEventListener("abort", stop, { once: true });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) notStarted = error.code ?? error.message;
    });
    // What it leaves running (the master of a shared ssh connection, say) may keep its pipes open for ever.
    child.on("exit", () => void setTimeout(closePipes, LAST_WORDS_MS).unref());
    child.on("close", (status, killedBy) => {
      watch?.[Symbol.dispose]();
      if (bound !== null) clearTimeout(bound);
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(signal.reason as Error);
      const exit: Exit = killedBy !== null ? { kind: "signal", signal: killedBy } : { kind: "status", status: status ?? -1 };
      resolve({
        exit: notStarted === null ? exit : { kind: "not-started", errno: notStarted },
        late,
        stdout: Buffer.concat(output),
        words: words.lines(),
        tookMs: performance.now() - begun,
      });
    });
  });
}

function endGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It is gone.
  }
}

/** Calls `late` once when nothing moved for so long. */
function watchStillness(pid: number, stillMs: number, late: () => void): Disposable {
  let moved = movedBytes(pid);
  let since = performance.now();
  const timer = setInterval(
    () => {
      const now = movedBytes(pid);
      // A child that ended takes its count along: that is a change as well.
      if (now !== null && (moved === null || Math.abs(now - moved) >= MOVED_BYTES_MIN)) {
        moved = now;
        since = performance.now();
      }
      if (performance.now() - since < stillMs) return;
      clearInterval(timer);
      late();
    },
    Math.min(1000, Math.max(50, stillMs / 10)),
  );
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What a process and all that it began have read and written so far; null: it cannot be seen. */
export function movedBytes(pid: number): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/io`, "latin1");
    const own = Number(/^rchar: (\d+)/m.exec(text)?.[1]) + Number(/^wchar: (\d+)/m.exec(text)?.[1]);
    return Number.isNaN(own) ? null : childrenOf(pid).reduce((sum, child) => sum + (movedBytes(child) ?? 0), own);
  } catch {
    return null;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** For people: how it ended, and what it said last. `limit`: what it was late by. */
export function describeEnd({ exit, late, words }: CommandEnd, limit: string): string {
  const said = words.length === 0 ? "" : `: ${words.slice(-2).join("; ").slice(0, 500)}`;
  if (late) return `${limit}, so it was ended${said}`;
  if (exit.kind === "not-started") return `it could not be started: ${exit.errno}`;
  return `${exit.kind === "signal" ? exit.signal : `exit ${exit.status}`}${said}`;
}
