import { datagramsTo } from "../kernel/datagram.ts";

/** systemd's variables (sd_notify(3), sd_watchdog_enabled(3)). They are ours alone: children do not get them. */
const variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/** Tells the service manager how it stands. Nothing waits for it, and nothing fails because of it. */
export interface Notify extends Disposable {
  ready(): void;
  /** `ready` is to follow when it is over. */
  reloading(): void;
  stopping(): void;
  /** For `systemctl status`; nothing is sent where it is what was said last. */
  status(text: string): void;
  alive(): void;
  /** How often `alive` is expected at least, with a half to spare; null: nobody watches. */
  readonly aliveEveryMs: number | null;
}

const STATUS_CHARACTERS_MAX = 500;

/** null: no service manager asks (NOTIFY_SOCKET is not set). Takes its variables out of `env`. */
export function takeNotify(env: Record<string, string | undefined>): Notify | null {
  const [address, watchdogUs, watchdogPid] = variables.map((name) => env[name]);
  for (const name of variables) delete env[name];
  const datagrams = address === undefined || address === "" ? null : datagramsTo(address);
  if (datagrams === null) return null;
  let said = "";
  const send = (...lines: string[]): void => void datagrams.send(lines.join("\n"));
  return {
    ready: () => send("READY=1", `MAINPID=${process.pid}`),
    // The service manager tells this reload from an earlier one by the time, on its own clock.
    reloading: () => send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send("STOPPING=1", "STATUS=stopping: what is under way ends or is handed back"),
    status(text) {
      const line = text.replaceAll(/\s+/g, " ").slice(0, STATUS_CHARACTERS_MAX);
      if (line !== said) send(`STATUS=${line}`);
      said = line;
    },
    alive: () => send("WATCHDOG=1"),
    aliveEveryMs: watchdogMs(watchdogUs, watchdogPid),
    [Symbol.dispose]: () => datagrams[Symbol.dispose](),
  };
}

/** Half of what is allowed, as systemd advises. */
function watchdogMs(us: string | undefined, pid: string | undefined): number | null {
  const allowedUs = Number(us);
  if (!Number.isFinite(allowedUs) || allowedUs <= 0) return null;
  if (pid !== undefined && pid !== "" && Number(pid) !== process.pid) return null;
  return Math.max(1, Math.floor(allowedUs / 2000));
}
