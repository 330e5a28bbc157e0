import { once } from "node:events";
import { extname } from "node:path";
import { setTimeout as sleepFor } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Log } from "../../kernel/log.ts";
import { closeFd, openWakeFd, wake } from "../../kernel/native.ts";
import { type AbsPath, show } from "../../kernel/path.ts";
import type { Detector, DetectorReport, RootIdentity } from "./contract.ts";
import type { WorkerOptions, WorkerOrder, WorkerReport } from "./messages.ts";

export type WatchOptions = {
  root: AbsPath;
  /** null: whatever is there when the detector starts; from then on that one. */
  expectedIdentity: RootIdentity | null;
  /** From the end of a scan to the next, where events tell of changes. */
  rescanMs: number;
  /** Ask by read leases whether a file has a writer. Without, every writer is `unknown`. */
  leases: boolean;
  /** Symlinks to files are told as those files; left out: as links. */
  followLinks?: boolean;
  report: (report: DetectorReport) => void;
  log: Log;
  /** At most so many watches: for tests of the kernel's limit. */
  watchLimit?: number;
  /** Use no events, for this reason. */
  forceScanOnly?: string;
};

/** `stall`: the thread does nothing for so long; for tests of overflow. */
export type WatchingDetector = Detector & { stall(durationMs: number): void };

const stopWithinMs = 5000;

/**
 * Watches and scans one root in a thread of its own. Reports `root-found` when it starts to
 * (with the identity, for the ledger), then `watching`, sightings, and `scanned` after each scan
 * of the whole. A fault of the thread itself is reported as `failed`, once, and ends it.
 */
export function watchDirectory(options: WatchOptions): WatchingDetector {
  const { port1: port, port2 } = new MessageChannel();
  const wakeFd = openWakeFd();
  const worker = startWorker(options, port2, wakeFd);
  let open = true;

  const order = (message: WorkerOrder): void => {
    if (!open) return;
    port.postMessage(message);
    wake(wakeFd);
  };
  port.on("message", (message: WorkerReport) => {
    if (!open) return;
    if (message.kind === "log") options.log[message.level](message.text);
    else if (message.kind === "sightings") options.report({ ...message, taken: onceOnly(() => order({ kind: "taken" })) });
    else options.report(message);
  });
  worker.on("error", (error: unknown) => {
    if (open) options.report({ kind: "failed", error: error instanceof Error ? error : new Error(String(error)) });
  });
  const exited = once(worker, "exit").catch(() => worker.terminate());

  return {
    requestScan: () => order({ kind: "scan" }),
    look: (paths) => order({ kind: "look", paths }),
    stall: (durationMs) => order({ kind: "stall", durationMs }),
    async [Symbol.asyncDispose]() {
      if (!open) return;
      order({ kind: "stop" });
      open = false;
      const bound = new AbortController();
      const late = sleepFor(stopWithinMs, "late" as const, { signal: bound.signal }).catch(() => "late" as const);
      const ended = await Promise.race([exited, late]);
      bound.abort();
      port.close();
      if (ended !== "late") return closeFd(wakeFd);
      // It hangs in a system call (a dead network file system), where nothing can end it: it is left behind.
      options.log.warn(`the detector of ${show(options.root)} did not stop within ${stopWithinMs} ms`);
      void worker.terminate();
      worker.unref();
    },
  };
}

/** Beside this file, with the same extension: `.ts` in a checkout, `.js` where it is built. */
function startWorker(options: WatchOptions, port: MessageChannel["port2"], wakeFd: number): Worker {
  const { root, expectedIdentity, rescanMs, leases } = options;
  const workerOptions: WorkerOptions = {
    root,
    expectedIdentity,
    rescanMs,
    leases,
    followLinks: options.followLinks ?? false,
    forceScanOnly: options.forceScanOnly ?? null,
    watchLimit: options.watchLimit ?? Number.POSITIVE_INFINITY,
  };
  const entry = new URL(`./worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  return new Worker(entry, {
    workerData: { options: workerOptions, port, wakeFd },
    transferList: [port],
    name: "hotdir-detect",
    // What a scan allocates is short-lived; a large nursery only makes the process larger.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
}

function onceOnly(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
