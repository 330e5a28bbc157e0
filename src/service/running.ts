import { mkdirSync } from "node:fs";
import { setTimeout as sleepFor } from "node:timers/promises";
import { HotdirError } from "../kernel/errors.ts";
import { bytesOfText } from "../kernel/path.ts";
import { isAlive, type ProcessIdentity, signal as sendSignal } from "../kernel/process-identity.ts";
import { formatAge } from "../kernel/readable.ts";
import { lastLines, sizeOf } from "./last-lines.ts";
import { launchSupervisor, serviceLog } from "./launch.ts";
import type { Ending } from "./record.ts";
import { askDaemon, lookAround, type Standing } from "./standing.ts";
import { type Wanted, writeUnwanted } from "./wanted.ts";

const LOOK_MS = 100;
const ASK_MS = 5000;
/** After a crash a large ledger may take long to open; who waits can go away, the start goes on. */
const START_MS = 120_000;
const SUPERVISOR_MS = 10_000;
/** Longer than the daemon's own bound for an orderly end. */
const ORPHAN_MS = 25_000;
/** After SIGKILL a process is gone as soon as the kernel lets it. */
const KILLED_MS = 5000;

export type Started =
  | { kind: "runs"; pid: number; sinceMs: number }
  | { kind: "ended"; ending: Ending }
  | { kind: "silent"; words: string[] }
  | { kind: "taken-back" };

/**
 * Starts a supervisor where there is none, and waits until its daemon answers or has ended. What is wanted was written
 * down before by whoever wants it; not here, since 'sanity' may act on what a 'stop' has just taken back.
 */
export async function startSupervised(stateDirectory: string, wanted: Wanted & { config: string }, signal: AbortSignal): Promise<Started> {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const before = lookAround(stateDirectory).record?.endings.at(-1)?.at ?? "";
  const logFromBytes = sizeOf(serviceLog(stateDirectory));
  const startMs = performance.now();
  let launchedMs: number | null = null;
  tryNow(lookAround(stateDirectory));
  for (;;) {
    signal.throwIfAborted();
    const standing = lookAround(stateDirectory);
    const { owner, record, supervisor } = standing;
    if (standing.wanted?.wanted !== true) return { kind: "taken-back" };
    // One that is just being stopped is waited for; a daemon that it left behind would own the ledger.
    if (supervisor === null && launchedMs === null) {
      await endOrphan(standing);
      launchSupervisor({ stateDirectory, config: wanted.config, logLevel: wanted.logLevel, environment: environmentOf(wanted) });
      launchedMs = performance.now();
    }
    const live = owner === null || supervisor === null ? null : await askDaemon(stateDirectory, ASK_MS);
    if (live !== null && live.pid === owner?.process.pid && owner.parent === supervisor?.pid && record?.state === "running")
      return { kind: "runs", pid: live.pid, sinceMs: live.sinceMs };
    const ending = record?.endings.at(-1);
    if (ending !== undefined && ending.at > before) return { kind: "ended", ending };
    const nowMs = performance.now();
    if (nowMs - startMs > START_MS || (supervisor === null && launchedMs !== null && nowMs - launchedMs > SUPERVISOR_MS))
      return { kind: "silent", words: lastLines(serviceLog(stateDirectory), logFromBytes, 10) };
    // An abort is told at the next look, as what it is.
    await sleepFor(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A supervisor that waits for its next try makes it now. It listens by then; one that has just begun might not. */
function tryNow({ supervisor, record }: Standing): void {
  if (supervisor !== null && record?.state === "waiting" && isSame(record.supervisor, supervisor)) sendSignal(supervisor, "SIGHUP");
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks && one.boot === other.boot;
}

/**
 * A daemon whose supervisor is gone ends by itself, in order; one that hangs is ended. `null`: there is
 * none; `false`: it had to be killed.
 */
export async function endOrphan({ owner, supervisor }: Standing): Promise<boolean | null> {
  if (owner?.keeper !== "supervisor" || owner.parent === supervisor?.pid) return null;
  const left = (): ProcessIdentity[] => (isAlive(owner.process) ? [owner.process] : []);
  if (await gone(left, ORPHAN_MS)) return true;
  sendSignal(owner.process, "SIGKILL");
  await gone(left, KILLED_MS);
  return false;
}

/** What the one who said `start` had, and cron has not, over what we have. */
function environmentOf(wanted: Wanted): NodeJS.ProcessEnv {
  return { ...process.env, ...wanted.environment };
}

export type Stopped = { kind: "stopped"; killed: boolean } | { kind: "not-running" } | { kind: "still-there"; pid: number };

/**
 * Writes down that no daemon is wanted, and ends supervisor and daemon: SIGTERM first, so that work is
 * handed back; SIGKILL after `boundMs`, which loses nothing either. A process that we cannot prove to be
 * one of them is never signalled.
 */
export async function stopSupervised(stateDirectory: string, boundMs: number, purpose: "stop" | "restart"): Promise<Stopped> {
  const { wanted } = lookAround(stateDirectory);
  // A restart that is itself killed half-way leaves a daemon that is wanted, which 'sanity' then starts.
  if (purpose === "stop" && wanted?.wanted === true) writeUnwanted(stateDirectory, wanted);
  const standing = lookAround(stateDirectory);
  const ours = oursOf(standing);
  if (ours.length === 0) return { kind: "not-running" };
  // In a restart, or after a 'start' that was said since, the next ones may be there: those are not to be waited for, nor ended.
  const left = (): ProcessIdentity[] => {
    const now = lookAround(stateDirectory);
    return purpose === "stop" && now.wanted?.wanted !== true ? oursOf(now) : ours.filter((process) => isAlive(process));
  };
  // The supervisor passes it on. Where it is gone, its daemon ends by itself, and this only makes it sooner.
  for (const process of standing.supervisor === null ? ours : [standing.supervisor]) sendSignal(process, "SIGTERM");
  if (await gone(left, boundMs)) return { kind: "stopped", killed: false };
  // The supervisor first: it would start another daemon in the place of the one that is killed.
  for (const process of left()) sendSignal(process, "SIGKILL");
  if (await gone(left, KILLED_MS)) return { kind: "stopped", killed: true };
  return { kind: "still-there", pid: left()[0]?.pid ?? 0 };
}

/** The supervisor, then its daemon. A daemon that a person or systemd started is not ours to end. */
export function oursOf({ supervisor, owner, record }: Standing): ProcessIdentity[] {
  const daemon = owner?.keeper === "supervisor" ? owner.process : record?.daemon;
  return [supervisor, daemon].filter((process) => process !== null && process !== undefined).filter((process) => isAlive(process));
}

async function gone(left: () => ProcessIdentity[], boundMs: number): Promise<boolean> {
  for (const startMs = performance.now(); ; await sleepFor(LOOK_MS)) {
    if (left().length === 0) return true;
    if (performance.now() - startMs > boundMs) return false;
  }
}

/** Throws `state-owned` where somebody else than our supervisor runs a daemon here: two never do. */
export function refuseForeign({ owner }: Standing, stateDirectory: string, operation: "start" | "stop" | "restart"): void {
  if (owner === null || owner.keeper === "supervisor") return;
  const how =
    owner.keeper === "systemd"
      ? "systemd runs it: 'hotdir service uninstall' or 'systemctl --user stop hotdir' ends that"
      : "it runs in the foreground: Ctrl-C there, or SIGTERM, ends it";
  throw new HotdirError("state-owned", {
    operation,
    path: bytesOfText(stateDirectory),
    detail: `process ${owner.process.pid}; ${how}`,
  });
}

/** `no heartbeat for 30 s, so it was ended (2 min ago, after 3 h)` */
export function describeEnding({ reason, at, livedMs }: Ending, nowMs: number): string {
  return `${reason} (${formatAge(nowMs - Date.parse(at))} ago, after ${formatAge(livedMs)})`;
}
