import type { Daemon } from "../daemon/daemon.ts";
import type { Log } from "../kernel/log.ts";
import { redact } from "../kernel/redact.ts";
import { markChildren } from "./children-mark.ts";
import { takeHeartbeat } from "./heartbeat.ts";
import { type Notify, takeNotify } from "./notify.ts";
import { statusLine } from "./status-line.ts";

const STATUS_EVERY_MS = 1000;

/** What ties a daemon to whoever keeps it running: our supervisor, systemd, or nobody. */
export interface Attachment extends Disposable {
  /** By our supervisor. */
  readonly supervised: boolean;
  /** The flows are at work. `signal`: when it aborts the daemon is about to end. */
  begin(daemon: Daemon, signal: AbortSignal, log: Log): void;
}

/**
 * Before anything is started, so that no child inherits what is ours, and each carries our mark. Dispose
 * of it after the daemon: also one that hangs while it ends is noticed.
 */
export function attach(env: Record<string, string | undefined>, stateDirectory: string): Attachment {
  const heartbeat = takeHeartbeat(env);
  const notify = takeNotify(env);
  markChildren(env, stateDirectory);
  const held = new DisposableStack();
  if (heartbeat !== null) held.use(heartbeat);
  if (notify !== null) held.use(notify);
  return {
    supervised: heartbeat !== null,
    begin(daemon, signal, log) {
      heartbeat?.begin(() => {
        log.warn("the supervisor went away, so the daemon ends in order; 'hotdir sanity' or 'hotdir start' starts both again");
        process.kill(process.pid, "SIGTERM");
      });
      if (notify !== null) held.use(tell(notify, daemon, signal));
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

function tell(notify: Notify, daemon: Daemon, signal: AbortSignal): Disposable {
  const say = (): void => notify.status(redact(statusLine(daemon.status().flows)));
  const status = setInterval(say, STATUS_EVERY_MS);
  const alive = notify.aliveEveryMs === null ? null : setInterval(() => notify.alive(), notify.aliveEveryMs);
  let isStopping = false;
  const stop = (): void => {
    isStopping = true;
    clearInterval(status);
    notify.stopping();
  };
  // A reload that ends while the daemon does must not make it look ready again.
  daemon.onReloading((isUnderWay) => {
    if (isStopping) return;
    if (isUnderWay) notify.reloading();
    else notify.ready();
  });
  notify.ready();
  say();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return {
    [Symbol.dispose]() {
      signal.removeEventListener("abort", stop);
      clearInterval(status);
      if (alive !== null) clearInterval(alive);
    },
  };
}
