import { existsSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../test/support/waiting.ts";
import { renew } from "./contenders.ts";
import { makeEmptyFiles } from "./data-sets.ts";
import { openLedger, prepareHotdir } from "./hotdir.ts";
import type { FarSide } from "./far-side.ts";
import type { Place } from "./places.ts";

const SCAN_MS_MAX = 10 * 60_000;

/** Admission of a tree that is there when the daemon starts, with the destination out of reach. `wallS` begins with the process. */
export type ScanResult = { place: string; entries: number; wallS: number; ledgerS: number };

export async function measureScan(order: { place: Place; farSide: FarSide; files: number; lanes: number }): Promise<ScanResult> {
  const { place, farSide, files, lanes } = order;
  const source = join(renew(join(place.directory, "work")), "source");
  const entries = makeEmptyFiles(source, files);
  const { sshConfigFile, proxy } = await farSide.cuttable();
  await proxy.set({ connections: "refuse" });
  const { hotdir, stateDirectory } = prepareHotdir({
    directory: join(place.directory, "work", "hotdir"),
    source,
    destination: renew(join(place.directory, "destination")),
    host: farSide.alias,
    sshConfigFile,
    verify: "sha256",
    lanes,
  });
  await place.settle();
  const startMs = performance.now();
  hotdir.start("--log-level", "error");
  try {
    await waitUntilSeen(stateDirectory, entries, () => hotdir.log());
    const wallS = (performance.now() - startMs) / 1000;
    return { place: place.name, entries, wallS, ledgerS: readSeeingS(stateDirectory) };
  } finally {
    await hotdir.killHard();
    renew(join(place.directory, "work"));
  }
}

/** Until the ledger's own count of what it has seen says so. */
export async function waitUntilSeen(stateDirectory: string, entries: number, explain: () => string): Promise<void> {
  await waitUntil("the ledger", () => existsSync(join(stateDirectory, "ledger.sqlite")), { everyMs: 10, explain });
  await waitUntil(`${entries} entries seen`, () => countSeen(stateDirectory) >= entries, { everyMs: 50, timeoutMs: SCAN_MS_MAX, explain });
}

/** 0 where the daemon has not yet made its tables. */
export function countSeen(stateDirectory: string): number {
  return readTally(stateDirectory, "seen");
}

export function readTally(stateDirectory: string, term: "seen" | "delivered"): number {
  try {
    using ledger = openLedger(stateDirectory);
    return Number(ledger.prepare(`SELECT ${term} AS term FROM tally`).get()?.["term"] ?? 0);
  } catch (error) {
    if (/no such table/.test(String(error))) return 0;
    throw error;
  }
}

function readSeeingS(stateDirectory: string): number {
  using ledger = openLedger(stateDirectory);
  const { ms } = ledger.prepare("SELECT max(seen_at) - min(seen_at) AS ms FROM transfer").get() as { ms: number };
  return ms / 1000;
}
