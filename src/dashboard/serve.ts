import { Worker } from "node:worker_threads";
import type { PageSettings } from "../config/daemon-settings.ts";
import type { LiveStatus, Request } from "../daemon/control-protocol.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { siblingModule } from "../kernel/module.ts";
import { closeFd } from "../kernel/native.ts";
import { RecentRates } from "./answers/recent-rates.ts";
import { type HandedOver, openGate } from "./gate.ts";
import type { Answered, Asked, FromPage, Setup, ToPage } from "./messages.ts";
import { ownTokens, tokenFile } from "./tokens.ts";

const LIVE_EVERY_MS = 1000;
const STOP_BOUND_MS = 3000;
const AGAIN_MIN_MS = 1000;
const AGAIN_MAX_MS = 60_000;
/** So long one fault is not told again: whoever asks for it could fill the log. */
const FAULT_REST_MS = 60_000;
const FAULTS_MAX = 20;

/** What the page needs of a daemon. */
export type Served = {
  stateDirectory: string;
  status: () => LiveStatus;
  /** As they are in force now; the same array until they change. */
  settings: () => FlowSettings[];
  answer: (request: Request) => Promise<unknown>;
  /** For Prometheus; null: none are kept. */
  metrics: (() => Promise<string>) | null;
};

export type Dashboard = AsyncDisposable & { address: string };

/**
 * Serves the page from a thread of its own, which is started when somebody comes and reads the ledger by itself: neither
 * holds the other up. Rejects where there are no tokens or no port to be had, which is no reason not to run the flows.
 */
export async function serveDashboard(page: Exclude<PageSettings, { kind: "off" }>, served: Served, log: Log): Promise<Dashboard> {
  const tokens = page.kind === "unix" ? null : ownTokens(served.stateDirectory, (text) => log.warn(text));
  const gate = await openGate(page);
  const where = tokens === null ? "" : `; its token is in ${tokenFile(served.stateDirectory, "operator")}`;
  log.info(`the page is at ${gate.address}${where}`);
  const thread = new PageThread(served, log, (settings, rates) => ({
    stateDirectory: served.stateDirectory,
    settings,
    page,
    tokens,
    rates: rates.all,
    sockets: gate.handOver(),
  }));
  void gate.visited.then(() => thread.begin());
  return {
    address: gate.address,
    async [Symbol.asyncDispose]() {
      await thread[Symbol.asyncDispose]();
      gate.close();
    },
  };
}

/** The thread, from the first visitor on: told each second what is live, and started again, ever more slowly, where it fails. */
class PageThread implements AsyncDisposable {
  readonly #served: Served;
  readonly #log: Log;
  readonly #setup: (settings: FlowSettings[], rates: RecentRates) => Setup;
  readonly #rates = new RecentRates();
  readonly #timer: NodeJS.Timeout;
  #worker: Worker | null = null;
  #told: FlowSettings[] = [];
  #again: NodeJS.Timeout | null = null;
  #againMs = AGAIN_MIN_MS;
  #ended = false;
  /** What the thread was given and has not taken yet. */
  #given: HandedOver | null = null;
  readonly #faults = new Map<string, number>();

  constructor(served: Served, log: Log, setup: (settings: FlowSettings[], rates: RecentRates) => Setup) {
    this.#served = served;
    this.#log = log;
    this.#setup = setup;
    this.#timer = setInterval(() => this.#tick(), LIVE_EVERY_MS);
  }

  /** Never throws: what the page lacks (a descriptor, say) must not end the daemon. */
  begin(): void {
    if (this.#ended) return;
    try {
      this.#start();
    } catch (error) {
      this.#log.warn(`the page did not start, and is tried again: ${messageOf(error)}`);
      this.#takeBack();
      this.#beginLater();
    }
  }

  #start(): void {
    this.#told = this.#served.settings();
    const setup = this.#setup(this.#told, this.#rates);
    this.#given = setup.sockets;
    const worker = new Worker(siblingModule(import.meta.url, "worker"), {
      name: "hotdir-page",
      workerData: setup,
      // Nothing of the environment is needed, and secrets may be in it.
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
    });
    this.#worker = worker;
    worker.on("message", (message: FromPage) => this.#hear(worker, message));
    worker.on("error", (error) => this.#log.warn(`the page failed, and is started again: ${messageOf(error)}`));
    worker.on("exit", () => this.#gone(worker));
    this.#tick();
  }

  #tick(): void {
    const live = this.#served.status();
    this.#rates.add(live, Date.now());
    if (this.#worker === null) return;
    const settings = this.#served.settings();
    send(this.#worker, { kind: "live", live, settings: settings === this.#told ? null : settings });
    this.#told = settings;
  }

  #hear(from: Worker, message: FromPage): void {
    // It works, so the next failure is another one.
    if (message.kind !== "took") this.#againMs = AGAIN_MIN_MS;
    switch (message.kind) {
      case "took":
        this.#given = null;
        return;
      case "fault":
        return this.#fault(message.message);
      case "ask":
        return void answer(this.#served, message.asked).then((answered) =>
          send(from, { kind: "answer", id: message.id, answer: answered }),
        );
    }
  }

  #gone(worker: Worker): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#takeBack();
    if (!this.#ended) this.#beginLater();
  }

  #beginLater(): void {
    this.#again = setTimeout(() => this.begin(), this.#againMs);
    this.#againMs = Math.min(AGAIN_MAX_MS, this.#againMs * 2);
  }

  /** A thread that ended before it took its sockets leaves them open, one more each time. */
  #takeBack(): void {
    if (this.#given !== null) for (const fd of [this.#given.listener, ...this.#given.visitors]) closeFd(fd);
    this.#given = null;
  }

  #fault(message: string): void {
    const now = performance.now();
    for (const [told, at] of this.#faults) if (now - at > FAULT_REST_MS) this.#faults.delete(told);
    if (this.#faults.has(message) || this.#faults.size >= FAULTS_MAX) return;
    this.#faults.set(message, now);
    this.#log.warn(`the page: ${message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    clearInterval(this.#timer);
    if (this.#again !== null) clearTimeout(this.#again);
    const worker = this.#worker;
    if (worker === null) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    send(worker, { kind: "stop" });
    const bound = setTimeout(() => void worker.terminate(), STOP_BOUND_MS);
    await exited;
    clearTimeout(bound);
  }
}

async function answer(served: Served, asked: Asked): Promise<Answered> {
  try {
    if (asked.ask === "metrics") return { ok: true, result: served.metrics === null ? null : await served.metrics() };
    return { ok: true, result: await served.answer(asked) };
  } catch (error) {
    return { ok: false, code: error instanceof HotdirError ? error.code : "internal", message: messageOf(error) };
  }
}

/** A thread that has just ended takes no messages, and needs none. */
function send(to: Worker, message: ToPage): void {
  to.postMessage(message);
}
