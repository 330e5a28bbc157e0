import { type ChildProcess, spawn } from "node:child_process";
import { formatAge } from "../../kernel/readable.ts";
import type { Message } from "./message.ts";

const BOUND_MS = 30_000;
const OUTPUT_BYTES_MAX = 4096;
const WORDS_MAX = 300;
/** After SIGTERM. */
const KILL_AFTER_MS = 2000;
/** After its end, for what it said last to be read. */
const LAST_WORDS_MS = 500;

/** Runs the user's command, argv and never a shell: JSON on its standard input, one line in `HOTDIR_ALERT`. Rejects unless it ends with 0 in time. */
export function tellByCommand(argv: string[], message: Message, signal: AbortSignal, boundMs = BOUND_MS): Promise<void> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = argv;
    // A group of its own: what it starts is ended with it.
    const child = spawn(program, args, {
      stdio: ["pipe", "ignore", "pipe"],
      env: { ...process.env, HOTDIR_ALERT: message.text },
      detached: true,
    });
    child.on("error", (error) => end(new Error(`${program}: ${error.message}`)));
    // Without descriptors to spare there are no streams, and only the error comes.
    const { stdin, stderr } = child as Pick<ChildProcess, "stdin" | "stderr">;
    let said = "";
    stderr?.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-OUTPUT_BYTES_MAX)));
    let late: string | null = null;
    const stop = (why: string): void => {
      late ??= why;
      signalGroup(child, "SIGTERM");
      setTimeout(() => {
        signalGroup(child, "SIGKILL");
        stderr?.destroy();
      }, KILL_AFTER_MS).unref();
    };
    const bound = setTimeout(() => stop(`it did not end within ${formatAge(boundMs)}, so it was ended`), boundMs);
    const interrupted = (): void => stop("it was ended, since the daemon stops");
    if (signal.aborted) interrupted();
    signal.addEventListener("abort", interrupted, { once: true });
    child.on("exit", () => {
      clearTimeout(bound);
      // What it leaves running may keep standard error open; it has told all the same.
      setTimeout(() => stderr?.destroy(), LAST_WORDS_MS).unref();
    });
    child.on("close", (code, killedBy) => {
      const words = (said.trim().split("\n").at(-1) ?? "").replaceAll(/\p{C}+/gu, "?").slice(0, WORDS_MAX);
      const what = late ?? (code === 0 ? null : (killedBy ?? `exit ${code}`));
      end(what === null ? null : new Error(`${program}: ${what}${words === "" ? "" : `: ${words}`}`));
    });
    // One that does not read its input may still tell by HOTDIR_ALERT.
    stdin?.on("error", () => undefined);
    stdin?.end(`${JSON.stringify(message)}\n`);

    function end(error: Error | null): void {
      clearTimeout(bound);
      signal.removeEventListener("abort", interrupted);
      if (error === null) resolve();
      else reject(error);
    }
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of it has ended already, or has become another user's (sudo); neither may end the daemon.
  }
}
