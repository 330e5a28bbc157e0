import type { DeadLetter } from "../../flow/ledger/dead-letters.ts";
import { isoMs, pathFields } from "./fields.ts";

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
