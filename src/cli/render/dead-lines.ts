import type { QueuedLetter } from "../../daemon/json/dead-json.ts";
import type { DeadLetter } from "../../flow/ledger/dead-letters.ts";
import { show } from "../../kernel/path.ts";
import { formatBytes, formatMany, formatTime } from "../../kernel/readable.ts";
import type { Look } from "./terminal.ts";

/** One that lies in a queue and is in no ledger here. */
export function queuedText({ flow, queue, path, reason, diedAtMs }: QueuedLetter, look: Look): string {
  const what = path === null ? "a message that is not understood" : show(path);
  const died = diedAtMs === null ? "" : `${formatTime(diedAtMs)}, `;
  return `${look.paint("bold", what)}  (${flow}, in ${queue})\n  ${died}${look.paint("red", reason)}\n`;
}

/** What, where, when, and in full why. */
export function deadText(letter: DeadLetter, look: Look): string {
  const size = letter.sizeBytes === null ? letter.kind : formatBytes(letter.sizeBytes);
  const tries = letter.attempts === 0 ? "never tried" : `after ${formatMany(letter.attempts, "attempt")}`;
  return `${look.paint("bold", show(letter.path))}  (${letter.flow}, ${size})\n  ${formatTime(letter.deadAtMs)}, ${tries}: ${look.paint("red", letter.reason)}\n`;
}
