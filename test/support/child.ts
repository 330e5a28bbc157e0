import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Starts a program of `test/programs/` with an IPC channel. It ends with this process, by its own `disconnect`. */
export function startProgram(name: string, args: string[]): ChildProcess {
  const file = fileURLToPath(new URL(`../programs/${name}`, import.meta.url));
  return fork(file, args, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** The next message that `wanted` accepts; rejects when the program ends first, or after `timeoutMs`. */
export function nextMessage<Message>(
  child: ChildProcess,
  wanted: (message: unknown) => message is Message,
  timeoutMs: number,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    const who = child.spawnargs.slice(1).join(" ");
    const timer = setTimeout(() => settle(() => reject(new Error(`${who} did not answer within ${timeoutMs} ms`))), timeoutMs);
    const onMessage = (message: unknown): void => {
      if (wanted(message)) settle(() => resolve(message));
    };
    const onExit = (code: number | null, signal: string | null): void => {
      settle(() => reject(new Error(`${who} ended (${String(code ?? signal)}) before it answered`)));
    };
    child.on("message", onMessage);
    child.on("exit", onExit);

    function settle(tell: () => void): void {
      clearTimeout(timer);
      child.off("message", onMessage);
      child.off("exit", onExit);
      tell();
    }
  });
}

/** SIGKILL, and waits for the end: helper programs keep nothing that has to be saved. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
