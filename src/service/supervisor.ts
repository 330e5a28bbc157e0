import { existsSync, utimesSync } from "node:fs";
import { setTimeout as sleepFor } from "node:timers/promises";
import { removeDrafts } from "../kernel/durable-file.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { ownIdentity } from "../kernel/process-identity.ts";
import { formatAge } from "../kernel/readable.ts";
import { DaemonLife } from "./daemon-life.ts";
import { shortenFile } from "./last-lines.ts";
import { type Launch, serviceLog } from "./launch.ts";
import { type Ending, fileOf, readRecord, type SupervisorRecord, supervisorOf, takeSupervision, writeRecord } from "./record.ts";
import { freshRestarts, nextRestart } from "./restart-policy.ts";
import { readWanted } from "./wanted.ts";

const LOCK_TRIES = 10;
const LOCK_WAIT_MS = 100;
export const TOUCH_MS = 5000;
const LOG_BYTES_MAX = 4 * 1024 * 1024;
const LOG_BYTES_KEPT = 256 * 1024;
const TROUBLES_TOLD_MAX = 20;

export type SupervisorOptions = {
  launch: Launch;
  log: Log;
  /** Asks for an orderly end. */
  signal: AbortSignal;
  /** Seconds of silence after which a daemon is ended. */
  silenceLooks: number;
};

/**
 * Keeps one daemon running until it is asked to end. It holds no work and no ledger, so its own death
 * loses nothing: the daemon then ends in order, and the next `sanity` or `start` begins anew.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #record: SupervisorRecord;
  #life: DaemonLife | null = null;
  #isWritten = false;
  #isLost = false;
  readonly #lost = new AbortController();
  readonly #end: AbortSignal;
  #wake = new AbortController();
  readonly #toldOf = new Set<string>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#end = AbortSignal.any([options.signal, this.#lost.signal]);
    const before = readRecord(options.launch.stateDirectory);
    this.#record = {
      supervisor: ownIdentity(),
      since: new Date().toISOString(),
      state: "starting",
      daemon: null,
      nextStart: null,
      endings: before?.endings ?? [],
    };
  }

  /** `false`: another supervisor has the state directory, or nobody wants a daemon any more. */
  async run(): Promise<boolean> {
    const { launch, log } = this.#options;
    using lock = await patiently(() => takeSupervision(launch.stateDirectory));
    // Whoever said 'stop' meanwhile found no supervisor yet; what he wrote is read only now that he would find one.
    if (lock === null || readWanted(launch.stateDirectory)?.wanted !== true) return false;
    this.#attempt(() => removeDrafts(launch.stateDirectory));
    const touch = setInterval(() => this.#touch(), TOUCH_MS);
    try {
      await this.#keepRunning();
    } finally {
      clearInterval(touch);
      this.#write({ state: "ended", daemon: null, nextStart: null });
    }
    if (!this.#isLost) log.info("the supervisor ends, as it was asked to");
    return true;
  }

  /** A running daemon reads its configuration again; one that waits for its next start is started now. */
  hangUp(): void {
    if (this.#life === null) this.#wake.abort();
    else this.#life.hangUp();
  }

  async #keepRunning(): Promise<void> {
    const { log } = this.#options;
    const signal = this.#end;
    let restarts = freshRestarts;
    while (!signal.aborted) {
      const ending = await this.#liveOnce();
      if (signal.aborted || this.#hasLost()) break;
      const next = nextRestart(restarts, ending);
      restarts = next.state;
      log.error(`the daemon ended: ${ending.reason}; it is started again ${next.delayMs === 0 ? "now" : `in ${formatAge(next.delayMs)}`}`);
      const endings = [...this.#record.endings, ending];
      this.#write({ state: "waiting", daemon: null, endings, nextStart: new Date(Date.now() + next.delayMs).toISOString() });
      if (next.delayMs > 0) await this.#sleep(next.delayMs);
    }
  }

  /** From a start to an end. */
  async #liveOnce(): Promise<Ending> {
    const { launch, log, silenceLooks } = this.#options;
    const signal = this.#end;
    log.info("starts the daemon");
    const life = new DaemonLife({ launch, silenceLooks, began: () => this.#write({ state: "running" }) });
    this.#life = life;
    this.#write({ state: "starting", daemon: life.identity, nextStart: null });
    const stop = (): void => {
      this.#write({ state: "stopping" });
      life.stop();
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    try {
      return await life.ended;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#life = null;
    }
  }

  async #sleep(delayMs: number): Promise<void> {
    this.#wake = new AbortController();
    const signal = AbortSignal.any([this.#end, this.#wake.signal]);
    await sleepFor(delayMs, undefined, { signal }).catch(() => undefined);
  }

  /** A full disk must not end what keeps the daemon running: the record is for people. */
  #write(change: Partial<SupervisorRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#attempt(() => this.#writeRecord());
  }

  /** The record's age tells whether the supervisor itself is well. */
  #touch(): void {
    if (this.#hasLost()) return;
    this.#attempt(() => this.#touchRecord());
    this.#attempt(() => shortenFile(serviceLog(this.#options.launch.stateDirectory), LOG_BYTES_MAX, LOG_BYTES_KEPT));
  }

  /** Whether the state directory is not the one any more that this supervisor took: then all ends, and nothing is written there. */
  #hasLost(): boolean {
    if (this.#isLost) return true;
    this.#isLost = supervisorOf(this.#options.launch.stateDirectory)?.pid !== process.pid;
    if (!this.#isLost) return false;
    this.#options.log.error("the state directory was removed or replaced, so the supervisor and its daemon end");
    this.#lost.abort();
    return true;
  }

  /** One that was removed, or that a full disk did not take, is written now. */
  #touchRecord(): void {
    const { stateDirectory } = this.#options.launch;
    if (this.#isWritten && existsSync(fileOf(stateDirectory))) utimesSync(fileOf(stateDirectory), new Date(), new Date());
    else this.#writeRecord();
  }

  #writeRecord(): void {
    // Whoever has the directory now keeps a record of his own.
    if (this.#hasLost()) return;
    this.#isWritten = false;
    writeRecord(this.#options.launch.stateDirectory, this.#record);
    this.#isWritten = true;
  }

  /** What goes wrong every few seconds is told once, or it would fill the log. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const trouble = messageOf(error);
      if (this.#toldOf.has(trouble) || this.#toldOf.size >= TROUBLES_TOLD_MAX) return;
      this.#toldOf.add(trouble);
      this.#options.log.warn(`the supervisor could not look after its files, and tries again: ${trouble}`);
    }
  }
}

/** Who only looks holds the lock for no time, but an ending supervisor may hold it for a moment. */
async function patiently(take: () => Disposable | null): Promise<Disposable | null> {
  for (let tries = 1; ; tries++) {
    const lock = take();
    if (lock !== null || tries === LOCK_TRIES) return lock;
    await sleepFor(LOCK_WAIT_MS);
  }
}
