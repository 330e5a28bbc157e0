import { randomBytes } from "node:crypto";
import { HotdirError, hasCode, messageOf } from "../../../kernel/errors.ts";
import type { Log } from "../../../kernel/log.ts";
import type { RemoteShell } from "../contract.ts";
import { SshChild } from "./child.ts";
import { endingError } from "./connect.ts";
import type { Phase } from "./exit-classification.ts";
import { PosixShell, toolsOf } from "./posix-shell.ts";
import { ShellChannel } from "./shell-channel.ts";
import { BOOTSTRAP, shellProgram } from "./shell-program.ts";
import { type SshTarget, sshArguments } from "./target.ts";

export type ShellOptions = SshTarget & { signal?: AbortSignal; connectTimeoutMs?: number; stallMs?: number; log?: Log };

const CONNECT_TIMEOUT_MS = 30_000;
const STALL_MS = 30 * 60_000;

/**
 * Opens a shell on the far side. null, with the reason in the log, where the account has none that
 * serves (a forced command, nologin, no usable tools). Rejects where the host itself is out of reach.
 */
export async function openRemoteShell(options: ShellOptions): Promise<RemoteShell | null> {
  options.signal?.throwIfAborted();
  const child = new SshChild(sshArguments(options, { commandLine: BOOTSTRAP }));
  const token = randomBytes(16).toString("hex");
  let phase: Phase = "connecting";
  const explainEnd = (): Promise<HotdirError> => endingError(child, phase, options.host);
  const channel = new ShellChannel({ child, token, explainEnd, stallMs: options.stallMs ?? STALL_MS });
  void channel.ended.then(() => child.stop());
  const unbind = endWhen(channel, options);
  try {
    const hello = await channel.request([Buffer.from(`${shellProgram(token)}\n${token} hello\n`)], 0);
    const words = new Set(hello.entries.at(-1)?.split(" "));
    if (!words.has("names"))
      throw new HotdirError("unsupported", {
        operation: "ask the shell",
        host: options.host,
        detail: "no tool takes a counted part of its input",
      });
    phase = "connected";
    const tools = toolsOf(words);
    options.log?.debug("remote shell open", { host: options.host, pid: child.pid, tools: [...words].join(" ").trim() });
    return new PosixShell({ channel, close: () => child.stop(), tools, words, host: options.host });
  } catch (error) {
    channel.end(null);
    await child.stop();
    if (options.signal?.aborted === true) throw options.signal.reason;
    if (!meansNoShell(error)) throw error;
    options.log?.info(`${options.host} offers no shell that serves: ${(error as HotdirError).detail ?? messageOf(error)}`, {
      host: options.host,
    });
    return null;
  } finally {
    unbind();
  }
}

/** A command's own ending, or silence, is an account without a shell; what ssh itself says about host, key or login is not. */
function meansNoShell(error: unknown): boolean {
  return (
    hasCode(error, "no-sftp", "unsupported", "protocol-violation", "connection-stalled", "connection-lost") ||
    (hasCode(error, "ssh-failed") && error.detail?.startsWith("ssh exit") === true)
  );
}

function endWhen(channel: ShellChannel, options: ShellOptions): () => void {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const silent = () =>
    new HotdirError("connection-stalled", {
      operation: "ask the shell",
      host: options.host,
      detail: `no answer within ${timeoutMs / 1000} s`,
    });
  const timer = setTimeout(() => channel.end(silent()), timeoutMs);
  const onAbort = (): void => channel.end(new Error("aborted"));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  };
}
