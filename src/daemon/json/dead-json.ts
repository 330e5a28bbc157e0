import type { DeadLetter } from "../../flow/ledger/dead-letters.ts";
import type { QueuedDeadLetter } from "../../flow/bus.ts";
import { isoMs, pathFields } from "../../kernel/json-fields.ts";

/** One that lies in a queue and is in no ledger here. `path` null: the message could not be understood. */
export function queuedJson({ flow, queue, path, baseUrl, reason, diedAtMs }: QueuedLetter): object {
  const died = diedAtMs === null ? null : isoMs(diedAtMs);
  return { flow, queue, ...(path === null ? { path } : pathFields(path)), base_url: baseUrl, reason, dead_at: died };
}

export type QueuedLetter = QueuedDeadLetter & { flow: string; queue: string };

export function deadJson(letter: DeadLetter): object {
  return {
    flow: letter.flow,
    ...pathFields(letter.path),
    kind: letter.kind,
    size: letter.sizeBytes,
    code: letter.code,
    reason: letter.reason,
    attempts: letter.attempts,
    failures: letter.failures,
    seen_at: isoMs(letter.seenAtMs),
    dead_at: isoMs(letter.deadAtMs),
    transfer: letter.id,
  };
}
