import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writeDurably } from "../kernel/durable-file.ts";
import { lockHolder, takeLock } from "../kernel/lock-file.ts";
import type { ProcessIdentity } from "../kernel/process-identity.ts";

const identity = z.object({ pid: z.number().int(), startTicks: z.number(), boot: z.string() });

const ending = z.object({
  at: z.string(),
  livedMs: z.number(),
  /** In a sentence: `it was ended by SIGKILL`. */
  reason: z.string(),
  status: z.number().nullable(),
  signal: z.string().nullable(),
  lastWords: z.array(z.string()),
});
export type Ending = z.infer<typeof ending>;

const schema = z.object({
  supervisor: identity,
  since: z.string(),
  state: z.enum(["starting", "running", "waiting", "stopping", "ended"]),
  daemon: identity.nullable(),
  /** When a daemon that ended is started again; null: now, or never. */
  nextStart: z.string().nullable(),
  /** The newest last, at most `ENDINGS_MAX`. */
  endings: z.array(ending),
});

/** What the supervisor knows, for whoever looks: also after its own end. */
export type SupervisorRecord = z.infer<typeof schema>;

export const ENDINGS_MAX = 20;

/** null: no supervisor wrote here yet. A file that was damaged by hand counts as none: the supervisor writes a new one. */
export function readRecord(stateDirectory: string): SupervisorRecord | null {
  const text = readIfThere(fileOf(stateDirectory));
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeRecord(stateDirectory: string, record: SupervisorRecord): void {
  writeDurably(fileOf(stateDirectory), `${JSON.stringify({ ...record, endings: record.endings.slice(-ENDINGS_MAX) }, null, 2)}\n`);
}

/** The lock of the one supervisor of a state directory; null: another one has it. */
export function takeSupervision(stateDirectory: string): Disposable | null {
  return takeLock(lockOf(stateDirectory));
}

/** The supervisor that runs now, proven by its lock, its number and its start. */
export function supervisorOf(stateDirectory: string): ProcessIdentity | null {
  return lockHolder(lockOf(stateDirectory));
}

function lockOf(stateDirectory: string): string {
  return join(stateDirectory, "supervisor.lock");
}

export function fileOf(stateDirectory: string): string {
  return join(stateDirectory, "supervisor.json");
}
