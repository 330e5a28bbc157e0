import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hotdir } from "../test/support/daemon.ts";
import { renew } from "./contenders.ts";
import { makeEmptyFiles } from "./data-sets.ts";
import type { FarSide } from "./far-side.ts";
import { median } from "./figures.ts";
import { prepareHotdir } from "./hotdir.ts";
import { MemoryWatch } from "./memory.ts";
import type { Place } from "./places.ts";
import { readTally, waitUntilSeen } from "./scan.ts";

/** Memory is VmRSS of the whole daemon process, the most that was seen in each phase. */
export type QueueResult = {
  entries: number;
  admittingMiB: number;
  /** The destination is out of reach: the queue is whole and waits. */
  waiting: { maxMiB: number; endMiB: number; statusMs: number | StatusFault };
  /** The destination is there again: the queue is worked on. */
  working: { maxMiB: number; statusMs: number | StatusFault; deliveredPerS: number };
  stopS: number;
};

/** Why `hotdir status` could not be timed. */
export type StatusFault = { fault: string };

export type QueueOrder = { place: Place; farSide: FarSide; files: number; lanes: number; phaseMs: number; signal: AbortSignal };

/** A queue of a million, made by a destination that is out of reach. */
export async function measureQueue(order: QueueOrder): Promise<QueueResult> {
  const { place, farSide, phaseMs, signal } = order;
  const source = join(renew(join(place.directory, "work")), "source");
  const entries = makeEmptyFiles(source, order.files);
  const { sshConfigFile, proxy } = await farSide.cuttable();
  await proxy.set({ connections: "refuse" });
  const destination = renew(join(place.directory, "destination"));
  const directory = join(place.directory, "work", "hotdir");
  const target = { host: farSide.alias, sshConfigFile, verify: "sha256", lanes: order.lanes } as const;
  const { hotdir, stateDirectory } = prepareHotdir({ ...target, directory, source, destination });
  hotdir.start("--log-level", "error");
  try {
    using memory = new MemoryWatch(hotdir.pid);
    await waitUntilSeen(stateDirectory, entries, () => hotdir.log());
    const admittingMiB = memory.takeMaxMiB();
    await sleep(phaseMs, undefined, { signal });
    const waiting = { maxMiB: memory.takeMaxMiB(), endMiB: memory.nowMiB, statusMs: await timeStatus(hotdir) };
    await proxy.set({});
    memory.takeMaxMiB();
    const working = await watchWork(hotdir, stateDirectory, memory, phaseMs, signal);
    const stopStartMs = performance.now();
    await hotdir.stop(60_000);
    return { entries, admittingMiB, waiting, working, stopS: (performance.now() - stopStartMs) / 1000 };
  } finally {
    await hotdir.killHard();
    renew(join(place.directory, "work"));
  }
}

/** From the first delivery: how long a flow waits before it tries again is not what is measured. */
async function watchWork(
  hotdir: Hotdir,
  stateDirectory: string,
  memory: MemoryWatch,
  phaseMs: number,
  signal: AbortSignal,
): Promise<QueueResult["working"]> {
  const endMs = performance.now() + 60_000;
  while (readTally(stateDirectory, "delivered") === 0 && performance.now() < endMs) await sleep(50, undefined, { signal });
  const before = readTally(stateDirectory, "delivered");
  const startMs = performance.now();
  await sleep(phaseMs, undefined, { signal });
  const deliveredPerS = ((readTally(stateDirectory, "delivered") - before) / (performance.now() - startMs)) * 1000;
  const statusMs = await timeStatus(hotdir);
  return { maxMiB: memory.takeMaxMiB(), statusMs, deliveredPerS };
}

/** The median of five, the whole process. */
async function timeStatus(hotdir: Hotdir): Promise<number | StatusFault> {
  const tookMs: number[] = [];
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    const outcome = await hotdir.ask("status", "--json");
    if (outcome.status !== 0) return { fault: outcome.stderr.trim().slice(0, 300) };
    tookMs.push(performance.now() - startMs);
  }
  return median(tookMs);
}
