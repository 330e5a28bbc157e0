import type { Configuration } from "../config/parse.ts";
import type { Flow } from "../flow/flow.ts";
import { beginRun } from "../flow/ledger/claims.ts";
import { type Database, openForWriting } from "../flow/ledger/database.ts";
import { clockSkewMs, recordClockSkew } from "../flow/ledger/meta.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { runEvery } from "../kernel/ending.ts";
import { hasCode, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { answerRequest } from "./answers.ts";
import { Brokers } from "./brokers.ts";
import type { LiveStatus, ReloadAnswer, Request } from "./control-protocol.ts";
import { serveControl } from "./control-server.ts";
import { FlowSet, type FlowSetParts } from "./flow-set.ts";
import { keepHistory } from "./history.ts";
import { ledgerTrouble } from "./ledger-trouble.ts";
import { liveStatus } from "./live-status.ts";
import { ledgerIdentity, stillOwns, takeOwnership } from "./owner.ts";
import { describeReload } from "./reload-plan.ts";

const CLOCK_TICK_MS = 10_000;
const OWNER_TICK_MS = 5000;
const RATE_TICK_MS = 1000;
/** How long a write waits for the ledger's lock once a write has failed. */
const STOPPING_BUSY_MS = 100;

export type DaemonParts = Pick<FlowSetParts, "configuration" | "read" | "chosen" | "observers" | "log"> & { stateDirectory: string };

type Made = DaemonParts & { db: Database; clock: Clock; brokers: Brokers };

/** One process for all flows of a state directory: it owns the ledger, runs the flows, and answers on the control socket. */
export class Daemon implements AsyncDisposable {
  readonly set: FlowSet;
  readonly clock: Clock;
  readonly brokers: Brokers;
  /** The address of the web page, once somebody serves it. */
  page: string | null = null;
  readonly stateDirectory: string;
  readonly #db: Database;
  readonly #log: Log;
  readonly #since = Date.now();
  readonly #watchers = new Set<() => void>();
  readonly #reloaded = new Set<(configuration: Configuration) => Promise<void>>();
  readonly #reloading = new Set<(isUnderWay: boolean) => void>();
  #resources = new AsyncDisposableStack();
  #broken: unknown = null;

  private constructor(parts: Made) {
    this.#db = parts.db;
    this.stateDirectory = parts.stateDirectory;
    this.clock = parts.clock;
    this.#log = parts.log;
    const run = beginRun(parts.db, process.pid, { wall: parts.clock.wall(), steady: parts.clock.steady() });
    this.brokers = parts.brokers;
    const { brokers } = parts;
    this.set = new FlowSet({
      ...parts,
      run,
      bus: brokers,
      prepare: (flows) => brokers.prepare(flows),
      changed: () => this.#changed(),
      broken: (error) => this.#break(error),
    });
  }

  /** Throws `state-owned`, `state-newer`, `state-other`, `state-on-network`, `state-failed`; then nothing was started. */
  static async start(options: DaemonParts): Promise<Daemon> {
    await using undo = new AsyncDisposableStack();
    undo.use(takeOwnership(options.stateDirectory));
    const db = undo.use(openForWriting(options.stateDirectory));
    const ledger = ledgerIdentity(options.stateDirectory);
    const clock = systemClock(clockSkewMs(db));
    const brokers = undo.use(new Brokers({ clock, log: options.log, stateDirectory: options.stateDirectory }));
    await brokers.prepare(options.configuration.flows);
    const daemon = Daemon.#make({ ...options, db, clock, brokers });
    const guarded = (work: () => void, everyMs: number): NodeJS.Timeout => setInterval(() => daemon.#guarded(work), everyMs);
    const timers = [
      guarded(() => recordClockSkew(db, clock.wall() - clock.steady()), CLOCK_TICK_MS),
      guarded(() => stillOwns(options.stateDirectory, ledger), OWNER_TICK_MS),
      // Looked at often, so that what `status` shows is of now and not of the time since the last question.
      guarded(() => daemon.flows.forEach((flow) => flow.rate.look(flow.pump.active.totals, performance.now())), RATE_TICK_MS),
    ];
    undo.defer(() => timers.forEach((timer) => clearInterval(timer)));
    undo.use(
      keepHistory(
        db,
        () => daemon.set.configuration.flows,
        clock,
        (error) => daemon.#break(error),
      ),
    );
    undo.use(await serveControl(options.stateDirectory, (request) => daemon.answer(request), options.log));
    undo.use(daemon.set);
    daemon.set.start();
    daemon.#resources = undo.move();
    return daemon;
  }

  static #make(parts: Made): Daemon {
    try {
      return new Daemon(parts);
    } catch (error) {
      throw ledgerTrouble(error, parts.stateDirectory);
    }
  }

  /** Those that run. */
  get flows(): Flow[] {
    return this.set.flows;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#break(error);
    }
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #break(error: unknown): void {
    if (this.#broken !== null) return;
    this.#broken = ledgerTrouble(error, this.stateDirectory);
    this.#log.error(`stopping: ${messageOf(this.#broken)}`);
    // What is still to be written is written if it can be, but a stop does not wait for a lock once more at each step.
    if (hasCode(this.#broken, "state-failed")) this.#db.get(`PRAGMA busy_timeout = ${STOPPING_BUSY_MS}`);
    this.#changed();
  }

  /** Resolves when `done` holds, looked at whenever something changed; rejects when the daemon cannot go on. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        let isDone = false;
        this.#guarded(() => (isDone = this.#broken === null && done()));
        if (this.#broken === null && !isDone) return;
        this.#watchers.delete(look);
        if (this.#broken === null) resolve();
        else reject(this.#broken);
      };
      this.#watchers.add(look);
      look();
    });
  }

  status(): LiveStatus {
    return {
      pid: process.pid,
      sinceMs: this.#since,
      residentBytes: process.memoryUsage.rss(),
      page: this.page,
      flows: this.flows.map((flow) => liveStatus(flow, this.brokers)),
    };
  }

  /** Told after each reload, so that what hangs on the top of the configuration can follow. */
  onReload(listener: (configuration: Configuration) => Promise<void>): void {
    this.#reloaded.add(listener);
  }

  /** Told when a reload begins, and when it is over, whether or not it was taken. */
  onReloading(listener: (isUnderWay: boolean) => void): void {
    this.#reloading.add(listener);
  }

  /** Takes the configuration as it is now. A faulty one is refused, and the old one stays in force. */
  async reload(): Promise<ReloadAnswer> {
    for (const listener of this.#reloading) listener(true);
    try {
      const answer = await this.set.reload();
      for (const listener of this.#reloaded) await listener(this.set.configuration);
      this.#log.info(`reloaded ${this.set.configuration.file}: ${describeReload(answer)}`);
      return answer;
    } catch (error) {
      this.#log.error(`the configuration was not reloaded, and the old one stays in force: ${messageOf(error)}`);
      throw error;
    } finally {
      for (const listener of this.#reloading) listener(false);
    }
  }

  /** What is asked on the control socket, or by the page. */
  answer(request: Request): Promise<unknown> {
    return answerRequest({ daemon: this, db: this.#db }, request);
  }

  /** What is due now, before a run that ends when idle. */
  async finishDue(): Promise<void> {
    try {
      for (const flow of this.flows) await flow.finishDue();
    } catch (error) {
      this.#break(error);
      throw this.#broken;
    }
  }

  /** Stops within a bound: work that is under way ends or is handed back. What failed first is what the caller hears of. */
  async [Symbol.asyncDispose](): Promise<void> {
    const tell = (error: unknown): void => this.#log.debug(`stopping: ${messageOf(error)}`);
    const steps = [
      () => this.set[Symbol.asyncDispose](),
      () => recordClockSkew(this.#db, this.clock.wall() - this.clock.steady()),
      () => this.#resources.disposeAsync(),
    ];
    try {
      await runEvery(steps, tell);
    } catch (error) {
      // The caller has, or gets, what broke the daemon; what fails in its wake would only hide it.
      if (this.#broken !== null) return tell(error);
      throw ledgerTrouble(error, this.stateDirectory);
    }
  }
}
