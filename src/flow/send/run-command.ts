import { spawn } from "node:child_process";
import { HotdirError } from "../../kernel/errors.ts";
import { formatAge } from "../../kernel/readable.ts";

const STDERR_BYTES_MAX = 4096;
/** After SIGTERM. */
const KILL_AFTER_MS = 3000;

/** Runs a user's command, argv and never a shell, to its end. One that has none after `boundMs` is ended: it holds a place that others wait for. */
export function runCommand(argv: string[], signal: AbortSignal, boundMs: number): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program!, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-STDERR_BYTES_MAX);
    });
    const stop = (): void => {
      child.kill("SIGTERM");
      setTimeout(() => {
        child.kill("SIGKILL");
        // A child of its own that keeps standard error must not keep us.
        child.stderr.destroy();
      }, KILL_AFTER_MS).unref();
    };
    let late = false;
    const bound = setTimeout(() => {
      late = true;
      stop();
    }, boundMs);
    signal.addEventListener("abort", stop, { once: true });
    const fail = (detail: string, cause?: unknown): void =>
      reject(new HotdirError("accelerator-failed", { operation: `run ${program}`, detail, cause }));
    child.on("error", (error) => fail(error.message, error));
    child.on("close", (code, killedBy) => {
      clearTimeout(bound);
      signal.removeEventListener("abort", stop);
      const words = said.trim() === "" ? "" : `: ${said.trim().split("\n").at(-1)}`;
      if (signal.aborted) reject(signal.reason as Error);
      else if (late) fail(`it did not end within ${formatAge(boundMs)}, so it was ended${words}`);
      else if (code === 0) resolve();
      else fail(`${killedBy ?? `exit ${code}`}${words}`);
    });
  });
}
