import type { Clock } from "../../src/kernel/clock.ts";
import { type AbsPath, bytesOfText, type RelPath, relPath } from "../../src/kernel/path.ts";
import { beginRun, type RunId } from "../../src/flow/ledger/claims.ts";
import { type Database, openForWriting } from "../../src/flow/ledger/database.ts";
import { type FlowId, registerFlow } from "../../src/flow/ledger/flows.ts";
import type { FlowSettings, LocalSource } from "../../src/flow/settings.ts";
import type { Change } from "../../src/flow/transfer.ts";
import { makeTemporary } from "./temporary.ts";

export type TestLedger = AsyncDisposable & {
  db: Database;
  flow: FlowId;
  run: RunId;
  stateDirectory: string;
  at: { wall: number; steady: number };
};

/** A real ledger in a directory of its own, with one flow and one run. */
export async function makeLedger(): Promise<TestLedger> {
  const temporary = await makeTemporary();
  const db = openForWriting(temporary.path);
  const at = { wall: 1000, steady: 1000 };
  const flow = registerTestFlow(db, "test");
  const run = beginRun(db, 1, at);
  return {
    db,
    flow,
    run,
    stateDirectory: temporary.path,
    at,
    async [Symbol.asyncDispose]() {
      db[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

export function registerTestFlow(db: Database, name: string, root = "/source"): FlowId {
  return registerFlow(db, { name, root: bytesOfText(root) as AbsPath, destination: "file:/there" });
}

export function rel(text: string): RelPath {
  return relPath(bytesOfText(text));
}

/** `content` stands for everything that makes a version another one. */
export function put(path: string, content = 1, extra: { sizeBytes?: number; links?: number } = {}): Change & { kind: "put" } {
  const version = { inode: `1:${content}`, sizeBytes: extra.sizeBytes ?? 10, mtimeNs: BigInt(content) };
  return { kind: "put", path: rel(path), version, mode: 0o640, links: extra.links ?? 1 };
}

/** A clock that stands still until it is moved. `sleep` moves it. */
export function standingClock(at = 1000): Clock & { now: number } {
  const clock = {
    now: at,
    wall: () => clock.now,
    steady: () => clock.now,
    sleep: async (durationMs: number, signal: AbortSignal) => {
      signal.throwIfAborted();
      clock.now += durationMs;
    },
  };
  return clock;
}

export function sourceSettings(changes: Partial<LocalSource> = {}): LocalSource {
  return {
    kind: "watched",
    symlinks: "transfer",
    root: bytesOfText("/source") as AbsPath,
    accept: [],
    reject: [],
    settle: { kind: "close" },
    rescanMs: 600_000,
    propagate: new Set(["put", "rename", "link", "mkdir", "delete", "rmdir"]),
    ...changes,
  };
}

/** A flow that does nothing unusual. */
export function flowSettings(changes: Partial<Omit<FlowSettings, "source">> & { source?: Partial<LocalSource> } = {}): FlowSettings {
  return {
    name: "test",
    destination: {
      place: { kind: "file", directory: bytesOfText("/there") as AbsPath },
      lanesMax: 1,
      inflight: { kind: "suffix", suffix: ".tmp" },
      preserve: { mtime: true, mode: true },
      chmod: null,
      verify: "sha256",
      durable: "auto",
      segmentAboveBytes: 1,
      accelerate: null,
      bandwidth: [],
      keepFree: { kind: "percent", percent: 0 },
    },
    finish: { ingest: null, catalog: null },
    retry: { attemptsMax: 1, backoff: { minMs: 1, maxMs: 1 } },
    retain: { kind: "keep" },
    historyMs: 1,
    log: null,
    alerts: {},
    schedule: [],
    vip: null,
    announce: null,
    completion: null,
    ...changes,
    source: sourceSettings(changes.source),
  };
}
