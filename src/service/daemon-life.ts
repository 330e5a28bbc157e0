import type { ChildProcess } from "node:child_process";
import { identityOf, type ProcessIdentity } from "../kernel/process-identity.ts";
import { readableLine } from "../kernel/log-line.ts";
import { redact } from "../kernel/redact.ts";
import { HeartbeatWatch } from "./heartbeat.ts";
import { lastLines, sizeOf } from "./last-lines.ts";
import { type Launch, launchDaemon, serviceLog } from "./launch.ts";
import type { Ending } from "./record.ts";

const LOOK_MS = 1000;
/** Before the first beat: opening a large ledger after a crash takes its time. */
const FIRST_BEAT_LOOKS = 600;
const LAST_WORDS_LINES = 10;

/** One life of the daemon, from its start to the reason of its end. */
export class DaemonLife {
  readonly identity: ProcessIdentity | null;
  /** Never rejects: a daemon that could not be started has ended as well. */
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess | Error;
  readonly #watch: HeartbeatWatch;
  #silentS: number | null = null;

  /** `began` is called at the first heartbeat: the flows are at work then. */
  constructor(options: { launch: Launch; silenceLooks: number; began: () => void }) {
    const { stateDirectory } = options.launch;
    const log = serviceLog(stateDirectory);
    const logFromBytes = readOr(() => sizeOf(log), 0);
    const startMs = performance.now();
    this.#watch = new HeartbeatWatch({ first: FIRST_BEAT_LOOKS, later: options.silenceLooks });
    this.#child = tryTo(() => launchDaemon(options.launch));
    this.identity = this.#child instanceof Error || this.#child.pid === undefined ? null : identityOf(this.#child.pid);
    this.#listen(options.began);
    const looking = setInterval(() => this.#look(options.silenceLooks), LOOK_MS);
    this.ended = this.#end().then(({ status, signal, error }) => {
      clearInterval(looking);
      return {
        at: new Date().toISOString(),
        livedMs: Math.round(performance.now() - startMs),
        reason: this.#silentS === null ? reasonOf(status, signal, error) : `no heartbeat for ${this.#silentS} s, so it was ended`,
        status,
        signal,
        lastWords: readOr(() => lastLines(log, logFromBytes, LAST_WORDS_LINES), []).map((line) =>
          redact(readableLine(line, "date and time")).trimEnd(),
        ),
      };
    });
  }

  stop(): void {
    this.#kill("SIGTERM");
  }

  /** Before its first heartbeat it may not listen yet, and the signal would end it; it has read what is new anyway. */
  hangUp(): void {
    if (this.#watch.hasBeaten) this.#kill("SIGHUP");
  }

  #kill(signal: NodeJS.Signals): void {
    if (!(this.#child instanceof Error)) this.#child.kill(signal);
  }

  #listen(began: () => void): void {
    if (this.#child instanceof Error) return;
    const pipe = this.#child.stdio[3];
    pipe?.on("data", () => {
      if (!this.#watch.hasBeaten) began();
      this.#watch.beat();
    });
    pipe?.on("error", () => undefined);
  }

  #look(silenceLooks: number): void {
    if (!this.#watch.look() || this.#silentS !== null) return;
    this.#silentS = this.#watch.hasBeaten ? silenceLooks : FIRST_BEAT_LOOKS;
    this.#kill("SIGKILL");
  }

  #end(): Promise<{ status: number | null; signal: string | null; error: string | null }> {
    const child = this.#child;
    if (child instanceof Error) return Promise.resolve({ status: null, signal: null, error: child.message });
    return new Promise((resolve) => {
      child.once("exit", (status, signal) => resolve({ status, signal, error: null }));
      child.once("error", (error) => {
        // A signal that could not be sent is an error event too, and no end.
        if (child.pid === undefined) resolve({ status: null, signal: null, error: error.message });
      });
    });
  }
}

/** Some of what keeps a process from being started is thrown, as when there is no memory for it. */
function tryTo<Result>(work: () => Result): Result | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Last words that a failing disk does not give are not worth a supervisor. */
function readOr<Result>(read: () => Result, otherwise: Result): Result {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function reasonOf(status: number | null, signal: string | null, error: string | null): string {
  if (error !== null) return `it could not be started: ${error}`;
  if (signal !== null) return `it was ended by ${signal}`;
  switch (status) {
    case 0:
      return "it ended in order, though nobody asked the supervisor for it";
    case 2:
      return "its configuration was refused (exit status 2)";
    case 5:
      return "another daemon owns the state directory (exit status 5)";
    default:
      return `it ended with exit status ${String(status)}`;
  }
}
