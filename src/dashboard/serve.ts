import { Worker } from "node:worker_threads";
import type { PageSettings } from "../config/daemon-settings.ts";
import type { LiveStatus, Request } from "../daemon/control-protocol.ts";
import type { FlowSettings } from "../flow/settings.ts";
import { HotdirError, messageOf } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { siblingModule } from "../kernel/module.ts";
import type { Answered, Asked, FromPage, Setup, ToPage } from "./messages.ts";
import { ownTokens, tokenFile } from "./tokens.ts";

const LIVE_EVERY_MS = 1000;
const STOP_BOUND_MS = 3000;
const AGAIN_MIN_MS = 1000;
const AGAIN_MAX_MS = 60_000;

/** What the page needs of a daemon. */
export type Served = {
  stateDirectory: string;
  status: () => LiveStatus;
  /** As they are in force now; the same array until they change. */
  settings: () => FlowSettings[];
  answer: (request: Request) => Promise<unknown>;
  /** For Prometheus; null: none are kept. */
  metrics: (() => Promise<string>) | null;
  /** Where the page is served; null: not, or not any more. */
  serving: (address: string | null) => void;
};

/** `first`: the address, or null where the page cannot be served, once that is known. */
export type Dashboard = AsyncDisposable & { first: Promise<string | null> };

/**
 * Serves the page from a thread of its own, which reads the ledger by itself: neither holds the other up. Returns at once;
 * what goes wrong with the page is said in the log, and never concerns the flows. Throws only where there are no tokens to be had.
 */
export function serveDashboard(page: Exclude<PageSettings, { kind: "off" }>, served: Served, log: Log): Dashboard {
  const tokens = page.kind === "unix" ? null : ownTokens(served.stateDirectory);
  const first = Promise.withResolvers<string | null>();
  let worker: Worker | null = null;
  let again: NodeJS.Timeout | null = null;
  let againMs = AGAIN_MIN_MS;
  let ended = false;
  let cannotListen = false;
  let told: FlowSettings[] = [];

  function begin(): void {
    told = served.settings();
    const workerData: Setup = { stateDirectory: served.stateDirectory, settings: told, page, tokens };
    const started = new Worker(siblingModule(import.meta.url, "worker"), {
      name: "hotdir-page",
      workerData,
      // Nothing of the environment is needed, and secrets may be in it.
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 },
    });
    worker = started;
    started.on("message", (message: FromPage) => hear(started, message));
    started.on("error", (error) => log.warn(`the page failed: ${messageOf(error)}`));
    started.on("exit", () => gone(started));
    push(started);
  }

  function push(to: Worker): void {
    const settings = served.settings();
    send(to, { kind: "live", live: served.status(), settings: settings === told ? null : settings });
    told = settings;
  }

  function hear(from: Worker, message: FromPage): void {
    switch (message.kind) {
      case "listening":
        againMs = AGAIN_MIN_MS;
        served.serving(message.address);
        log.info(
          `the page is at ${message.address}${tokens === null ? "" : `; its token is in ${tokenFile(served.stateDirectory, "operator")}`}`,
        );
        return first.resolve(message.address);
      case "not-listening":
        cannotListen = true;
        log.warn(`the page is not served, and the flows run without it: ${message.reason}`);
        return first.resolve(null);
      case "fault":
        return log.warn(`the page: ${message.message}`);
      case "ask":
        return void answer(served, message.asked).then((answered) => send(from, { kind: "answer", id: message.id, answer: answered }));
    }
  }

  /** A thread that failed is started again, ever more slowly; one that could not listen is not: nothing changes by itself. */
  function gone(which: Worker): void {
    if (worker !== which) return;
    worker = null;
    served.serving(null);
    first.resolve(null);
    if (ended || cannotListen) return;
    again = setTimeout(begin, againMs);
    againMs = Math.min(AGAIN_MAX_MS, againMs * 2);
  }

  begin();
  const timer = setInterval(() => worker !== null && push(worker), LIVE_EVERY_MS);
  return {
    first: first.promise,
    async [Symbol.asyncDispose]() {
      ended = true;
      clearInterval(timer);
      if (again !== null) clearTimeout(again);
      if (worker !== null) await endWorker(worker);
    },
  };
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

async function endWorker(worker: Worker): Promise<void> {
  const exited = new Promise((resolve) => worker.once("exit", resolve));
  send(worker, { kind: "stop" });
  const bound = setTimeout(() => void worker.terminate(), STOP_BOUND_MS);
  await exited;
  clearTimeout(bound);
}
