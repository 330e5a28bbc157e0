import type { FlowEntry } from "../flow/finish/retention.ts";
import { Flow } from "../flow/flow.ts";
import { beginRun } from "../flow/ledger/claims.ts";
import { type Database, openForWriting } from "../flow/ledger/database.ts";
import { registerFlow } from "../flow/ledger/flows.ts";
import { clockSkewMs, recordClockSkew } from "../flow/ledger/meta.ts";
import { revive } from "../flow/ledger/outcomes.ts";
import { describePlace } from "../flow/place.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { type Clock, systemClock } from "../kernel/clock.ts";
import { runEvery } from "../kernel/ending.ts";
import { hasCode, HotdirError, messageOf, never } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { AbsPath } from "../kernel/path.ts";
import type { LiveStatus, Request } from "./control-protocol.ts";
import { serveControl } from "./control-server.ts";
import { keepHistory } from "./history.ts";
import { ledgerTrouble } from "./ledger-trouble.ts";
import { liveStatus } from "./live-status.ts";
import { takeOwnership } from "./owner.ts";
import { post } from "./posting.ts";

const CLOCK_TICK_MS = 10_000;
const RATE_TICK_MS = 1000;
/** How long a write waits for the ledger's lock once a write has failed. */
const STOPPING_BUSY_MS = 100;

type Parts = {
  stateDirectory: string;
  /** Those to run. */
  settings: FlowSettings[];
  /** All of the configuration: no file goes before each of them that wants it has it, also one that does not run now. */
  configured: FlowSettings[];
  log: Log;
};

/** One process for all flows of a state directory: it owns the ledger, runs the flows, and answers on the control socket. */
export class Daemon implements AsyncDisposable {
  readonly flows: Flow[];
  readonly clock: Clock;
  readonly #db: Database;
  readonly #log: Log;
  readonly #stateDirectory: string;
  readonly #since = Date.now();
  #resources = new AsyncDisposableStack();
  readonly #watchers = new Set<() => void>();
  #broken: unknown = null;

  private constructor(parts: Parts & { db: Database; clock: Clock }) {
    this.#db = parts.db;
    this.#stateDirectory = parts.stateDirectory;
    this.clock = parts.clock;
    this.#log = parts.log;
    const run = beginRun(parts.db, process.pid, { wall: parts.clock.wall(), steady: parts.clock.steady() });
    const configured = parts.configured.map((settings): FlowEntry => ({ id: register(parts.db, settings), settings }));
    this.flows = parts.settings.map(
      (settings) =>
        new Flow({
          settings,
          db: parts.db,
          run,
          clock: parts.clock,
          log: parts.log,
          all: () => configured,
          changed: () => this.#changed(),
          broken: (error) => this.#break(error),
        }),
    );
  }

  /** Throws `state-owned`, `state-newer`, `state-on-network`, `state-failed`; then nothing was started. */
  static async start(options: Parts): Promise<Daemon> {
    await using undo = new AsyncDisposableStack();
    undo.use(takeOwnership(options.stateDirectory));
    const db = undo.use(openForWriting(options.stateDirectory));
    const clock = systemClock(clockSkewMs(db));
    const daemon = Daemon.#make({ db, clock, ...options });
    const guarded = (work: () => void, everyMs: number): NodeJS.Timeout => setInterval(() => daemon.#guarded(work), everyMs);
    const timers = [
      guarded(() => recordClockSkew(db, clock.wall() - clock.steady()), CLOCK_TICK_MS),
      // Looked at often, so that what `status` shows is of now and not of the time since the last question.
      guarded(() => daemon.flows.forEach((flow) => flow.rate.look(flow.pump.active.totals, performance.now())), RATE_TICK_MS),
    ];
    undo.defer(() => timers.forEach((timer) => clearInterval(timer)));
    undo.use(keepHistory(db, options.settings, clock, (error) => daemon.#break(error)));
    undo.use(await serveControl(options.stateDirectory, (request) => daemon.#answer(request), options.log));
    for (const flow of daemon.flows) {
      undo.use(flow);
      flow.start();
    }
    daemon.#resources = undo.move();
    return daemon;
  }

  static #make(parts: Parts & { db: Database; clock: Clock }): Daemon {
    try {
      return new Daemon(parts);
    } catch (error) {
      throw ledgerTrouble(error, parts.stateDirectory);
    }
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
    this.#broken = ledgerTrouble(error, this.#stateDirectory);
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
      flows: this.flows.map((flow) => liveStatus(flow)),
    };
  }

  async #answer(request: Request): Promise<unknown> {
    switch (request.ask) {
      case "status":
        return this.status();
      case "post":
        return await post(
          this.#db,
          this.flows.map((flow) => ({ settings: flow.settings, admit: (sightings) => flow.intake.admit(sightings) })),
          { flow: request.flow, paths: request.paths as AbsPath[] },
          this.clock,
        );
      case "retry": {
        const revived = revive(this.#db, request.ids, this.clock.steady());
        for (const flow of this.flows) flow.pump.wake();
        return { revived };
      }
      case "resume": {
        const flow = this.flows.find((candidate) => candidate.settings.name === request.flow);
        if (flow === undefined) throw new HotdirError("bad-usage", { operation: "resume", detail: `there is no flow ${request.flow}` });
        await flow.resume();
        return {};
      }
      default:
        return never(request);
    }
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
      () => Promise.all(this.flows.map((flow) => flow[Symbol.asyncDispose]())),
      () => recordClockSkew(this.#db, this.clock.wall() - this.clock.steady()),
      () => this.#resources.disposeAsync(),
    ];
    try {
      await runEvery(steps, tell);
    } catch (error) {
      // The caller has, or gets, what broke the daemon; what fails in its wake would only hide it.
      if (this.#broken !== null) return tell(error);
      throw ledgerTrouble(error, this.#stateDirectory);
    }
  }
}

function register(db: Database, { name, source, destination }: FlowSettings): FlowEntry["id"] {
  return registerFlow(db, { name, root: source.root, destination: describePlace(destination) });
}
