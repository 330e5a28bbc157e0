import { readFileSync, statSync } from "node:fs";
import { connectControl } from "../daemon/control-client.ts";
import type { LiveStatus } from "../daemon/control-protocol.ts";
import { ownerOf } from "../daemon/owner.ts";
import { parentOf, type ProcessIdentity } from "../kernel/process-identity.ts";
import { fileOf, readRecord, type SupervisorRecord, supervisorOf } from "./record.ts";
import { readWanted, type Wanted } from "./wanted.ts";

/** Who started the process that owns the state directory. */
export type Keeper = "supervisor" | "systemd" | "person";

/** What runs on a state directory, as found from outside. */
export type Standing = {
  wanted: Wanted | null;
  supervisor: ProcessIdentity | null;
  /** What the supervisor wrote last, also one that is gone. */
  record: SupervisorRecord | null;
  /** How long ago the supervisor showed that it is well; null: there is no record. */
  recordAgeMs: number | null;
  owner: { process: ProcessIdentity; keeper: Keeper; parent: number | null } | null;
};

/** Looks only: nothing is locked, asked or changed. */
export function lookAround(stateDirectory: string): Standing {
  const owner = ownerOf(stateDirectory);
  const record = readRecord(stateDirectory);
  return {
    wanted: readWanted(stateDirectory),
    supervisor: supervisorOf(stateDirectory),
    record,
    recordAgeMs: record === null ? null : ageOf(fileOf(stateDirectory)),
    owner: owner === null ? null : { process: owner, keeper: keeperOf(owner, record), parent: parentOf(owner.pid) },
  };
}

function ageOf(file: string): number | null {
  try {
    return Math.max(0, Date.now() - statSync(file).mtimeMs);
  } catch {
    return null;
  }
}

/** By what it was given at its start, which it cannot change. A short command that owns the ledger is a person's. */
function keeperOf({ pid, startTicks }: ProcessIdentity, record: SupervisorRecord | null): Keeper {
  const names = environmentNames(pid);
  if (names.has("HOTDIR_HEARTBEAT_FD")) return "supervisor";
  // In its last instants a process has no environment any more, and still holds its locks.
  if (names.size === 0 && record?.daemon?.pid === pid && record.daemon.startTicks === startTicks) return "supervisor";
  return names.has("NOTIFY_SOCKET") && names.has("INVOCATION_ID") ? "systemd" : "person";
}

function environmentNames(pid: number): Set<string> {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return new Set(variables.filter((variable) => variable !== "").map((variable) => variable.split("=", 1)[0] ?? ""));
  } catch {
    return new Set();
  }
}

/** What the daemon says of itself; null: it does not answer within the bound, or there is none. */
export async function askDaemon(stateDirectory: string, boundMs: number): Promise<LiveStatus | null> {
  const bound = new Promise<null>((resolve) => setTimeout(() => resolve(null), boundMs).unref());
  const asked = (async () => {
    using client = await connectControl(stateDirectory);
    return client === null ? null : await client.ask<LiveStatus>({ ask: "status" });
  })().catch(() => null);
  return await Promise.race([asked, bound]);
}
