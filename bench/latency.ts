import { fork } from "node:child_process";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endProgram, nextMessage } from "../test/support/child.ts";
import { waitUntil } from "../test/support/waiting.ts";
import { renew } from "./contenders.ts";
import { median, percentile } from "./figures.ts";
import { prepareHotdir, type Verify } from "./hotdir.ts";
import type { Scene } from "./options.ts";
import type { Place } from "./places.ts";

const EVERY_MS = 200;

/** From just before close(2) at the source to the final name at the destination. */
export type Latency = { scene: Scene; verify: Verify; files: number; medianMs: number; p95Ms: number; maxMs: number };

export type LatencyOrder = {
  place: Place;
  rttMs: number;
  verify: Verify;
  files: number;
  lanes: number;
  host: string;
  sshConfigFile: string;
  /** In place of the one flow from source to destination. */
  flows?: (source: string, destination: string) => object;
  signal: AbortSignal;
};

/** A daemon that has nothing else to do, and one file of 4 KiB every 200 ms. */
export async function measureLatency(order: LatencyOrder): Promise<Latency> {
  const { place, files, signal } = order;
  const source = renew(join(place.directory, "source"));
  const destination = renew(join(place.directory, "destination"));
  const { flows, ...common } = order;
  const own = flows === undefined ? {} : { flows: flows(source, destination) };
  const { hotdir } = prepareHotdir({ ...common, ...own, source, destination, directory: renew(join(place.directory, "work")) });
  hotdir.start("--log-level", "warn");
  try {
    // Connections are there, and code is compiled, once a few files have come through.
    for (let at = 0; at < 5; at++) {
      closeFile(source, `warm${at}`);
      await waitUntil("the daemon delivers", () => existsSync(join(destination, `warm${at}`)), { explain: () => hotdir.log() });
    }
    const watcher = fork(fileURLToPath(new URL("programs/watch-arrivals.ts", import.meta.url)), [join(destination, "f"), String(files)]);
    try {
      await nextMessage(watcher, isWatching, 10_000);
      const arrived = nextMessage(watcher, isArrivals, 60_000 + files * EVERY_MS);
      const closed: bigint[] = [];
      for (let at = 0; at < files; at++) {
        await sleep(EVERY_MS, undefined, { signal });
        closed.push(closeFile(source, `f${at}`));
      }
      const arrivals = (await arrived).ns.map(BigInt);
      if (arrivals.length !== files) throw new Error(`only ${arrivals.length} of ${files} files arrived; ${hotdir.log().slice(-1000)}`);
      return summarise(
        order,
        arrivals.map((ns, at) => Number(ns - closed[at]!) / 1e6),
      );
    } finally {
      await endProgram(watcher);
    }
  } finally {
    await hotdir.killHard();
  }
}

function summarise({ place, rttMs, verify, files }: LatencyOrder, tookMs: number[]): Latency {
  const scene = { place: place.name, rttMs };
  return { scene, verify, files, medianMs: median(tookMs), p95Ms: percentile(tookMs, 0.95), maxMs: Math.max(...tookMs) };
}

function closeFile(directory: string, name: string): bigint {
  const file = openSync(join(directory, name), "w", 0o644);
  writeSync(file, Buffer.alloc(4096, name));
  const now = process.hrtime.bigint();
  closeSync(file);
  return now;
}

function isWatching(message: unknown): message is { message: "watching" } {
  return (message as { message?: unknown }).message === "watching";
}

function isArrivals(message: unknown): message is { message: "arrivals"; ns: string[] } {
  return (message as { message?: unknown }).message === "arrivals";
}
