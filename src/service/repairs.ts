import type { ProcessIdentity } from "../kernel/process-identity.ts";
import type { Standing } from "./standing.ts";

export type Repair =
  /** A stop that was itself killed half-way. */
  | { do: "finish-stop" }
  /** It runs, and shows no life: its daemon would never be started again. */
  | { do: "end-supervisor"; process: ProcessIdentity }
  /** A daemon whose supervisor is gone ends by itself; one that hangs does not. */
  | { do: "end-orphan"; process: ProcessIdentity }
  | { do: "start" };

/** A supervisor that is silent for so long is looked at twice. */
export const SILENT_SUPERVISOR_MS = 30_000;

/** The one thing to do next, or null. After it one looks again. `supervisorHangs`: as two looks have shown. */
export function nextRepair({ wanted, supervisor, owner }: Standing, supervisorHangs: boolean): Repair | null {
  if (supervisor !== null && supervisorHangs) return { do: "end-supervisor", process: supervisor };
  // Where nothing says what is wanted, a file was lost: that ends no daemon that is well.
  if (supervisor !== null && wanted?.wanted === false) return { do: "finish-stop" };
  if (owner?.keeper === "supervisor" && owner.parent !== supervisor?.pid) return { do: "end-orphan", process: owner.process };
  // What a person or systemd runs is looked after already; a second daemon would only be refused.
  if (supervisor === null && owner === null && wanted?.wanted === true) return { do: "start" };
  return null;
}

/** Whether the supervisor has shown no life for long: then it is looked at again a little later. */
export function seemsHung({ supervisor, record, recordAgeMs }: Standing): boolean {
  if (supervisor === null || record === null || recordAgeMs === null) return false;
  // One that has just started has not written yet: what is there is of the one before.
  const isItsOwn = record.supervisor.pid === supervisor.pid && record.supervisor.startTicks === supervisor.startTicks;
  return isItsOwn && recordAgeMs > SILENT_SUPERVISOR_MS;
}
