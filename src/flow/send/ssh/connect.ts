import { HotdirError, hasCode, messageOf } from "../../../kernel/errors.ts";
import type { Log } from "../../../kernel/log.ts";
import type { Files } from "../contract.ts";
import { openSftpFiles } from "../sftp/files.ts";
import { SftpSession } from "../sftp/session.ts";
import { SshChild } from "./child.ts";
import { classifyExit, type Phase } from "./exit-classification.ts";
import { type SshTarget, sshArguments } from "./target.ts";

export type ConnectOptions = SshTarget & {
  signal?: AbortSignal;
  /** From the start of ssh to the first answer of the server; a login may ask a hardware key in between. */
  connectTimeoutMs?: number;
  stallMs?: number;
  log?: Log;
};

const CONNECT_TIMEOUT_MS = 60_000;
/** After the end of its output ssh has little left to do but exit. */
const EXPLAIN_MS = 2000;

/**
 * Opens a lane: an ssh child, and the files of the SFTP server at its end. Rejects with a
 * `HotdirError` of scope destination (or with the signal's reason); no child is left behind then.
 */
export async function connectSftp(options: ConnectOptions): Promise<Files> {
  options.signal?.throwIfAborted();
  const child = new SshChild(sshArguments(options, { subsystem: "sftp" }));
  let phase: Phase = "connecting";
  const explainEnd = async (): Promise<HotdirError> => endingError(child, phase, options.host);
  const session = new SftpSession({
    input: child.stdout,
    output: child.stdin,
    explainEnd,
    ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
  });
  void session.ended.then(() => child.stop());
  const unbind = endWhen(session, options);
  try {
    const files = await openSftpFiles(session, () => child.stop());
    phase = "connected";
    options.log?.debug("lane open", { host: options.host, pid: child.pid });
    return files;
  } catch (error) {
    session.end(error as Error);
    await child.stop();
    throw greetingError(error, options);
  } finally {
    unbind();
  }
}

/** Why the child is gone, from its exit status and last words. */
export async function endingError(child: SshChild, phase: Phase, host: string): Promise<HotdirError> {
  const { exit, lines } = await child.ending(EXPLAIN_MS);
  const { code, detail } = classifyExit(exit, lines, phase);
  return new HotdirError(code, { operation: phase === "connecting" ? "connect" : "send", host, detail });
}

/** Ends a session that is not open in time, or no longer wanted. */
function endWhen(session: SftpSession, options: ConnectOptions): () => void {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const tooLate = () =>
    new HotdirError("unreachable", { operation: "connect", host: options.host, detail: `no answer within ${timeoutMs / 1000} s` });
  const timer = setTimeout(() => session.end(tooLate()), timeoutMs);
  const onAbort = (): void => session.end(options.signal?.reason instanceof Error ? options.signal.reason : new Error("aborted"));
  options.signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  };
}

/** Rubbish in place of a greeting is a destination without SFTP (a start-up file that prints, a forced command), not a bad lane. */
function greetingError(error: unknown, options: ConnectOptions): unknown {
  if (options.signal?.aborted === true) return options.signal.reason;
  if (!hasCode(error, "protocol-violation", "connection-stalled")) return error;
  const code = hasCode(error, "connection-stalled") ? "unreachable" : "no-sftp";
  return new HotdirError(code, { operation: "connect", host: options.host, detail: error.detail ?? messageOf(error), cause: error });
}
