import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { never } from "../../kernel/errors.ts";
import { readFd, waitReadable } from "../../kernel/native.ts";
import type { WorkerOptions, WorkerOrder, WorkerReport } from "./messages.ts";
import { Observation } from "./observation.ts";
import { findRoot } from "./opener.ts";

/**
 * The detector's thread: one synchronous loop for one root. It waits in `poll`, for events, for the
 * main thread's wake-up, or for the time of the next work, and nowhere else.
 */
const { options, port, wakeFd } = workerData as { options: WorkerOptions; port: MessagePort; wakeFd: number };

const lookForRootMs = 2000;
const wakeBuffer = Buffer.alloc(8);
let identity = options.expectedIdentity;
let observation: Observation | null = null;
let toldLost: string | null = null;
let stopped = false;

function post(report: WorkerReport): void {
  port.postMessage(report);
}

function obey(order: WorkerOrder): void {
  switch (order.kind) {
    case "scan":
      return observation?.requestScan();
    case "look":
      return observation?.look(order.paths);
    case "taken":
      return observation?.taken();
    case "stop":
      stopped = true;
      return;
    case "stall":
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.durationMs);
      return;
    default:
      return never(order);
  }
}

function lose(reason: string): void {
  observation?.close();
  observation = null;
  if (toldLost !== reason) post({ kind: "root-lost", reason });
  toldLost = reason;
}

/** The first scan after the root is found again tells what the requests made meanwhile asked for. */
function find(): void {
  const found = findRoot(options.root, identity);
  if ("reason" in found) return lose(found.reason);
  identity = found.identity;
  toldLost = null;
  post({ kind: "root-found", identity });
  observation = new Observation(options, identity, post);
}

/** How long to wait for events. */
function round(): number {
  if (observation === null) find();
  if (observation === null) return lookForRootMs;
  const done = observation.round();
  switch (done.kind) {
    case "again":
      return 0;
    case "wait":
      return done.timeoutMs;
    case "lost":
      lose(done.reason);
      return lookForRootMs;
    default:
      return never(done);
  }
}

while (!stopped) {
  const timeoutMs = round();
  if (waitReadable(wakeFd, observation === null ? -1 : (observation as Observation).inotifyFd, timeoutMs).first) readFd(wakeFd, wakeBuffer);
  for (let message = receiveMessageOnPort(port); message !== undefined; message = receiveMessageOnPort(port))
    obey(message.message as WorkerOrder);
}
(observation as Observation | null)?.close();
port.close();
