import type { DeadLetter } from "../../flow/ledger/dead-letters.ts";
import { show } from "../../kernel/path.ts";
import { formatBytes, formatMany, formatTime } from "../../kernel/readable.ts";
import type { Look } from "./terminal.ts";

/** What, where, when, and in full why. */
export function deadText(letter: DeadLetter, look: Look): string {
  const size = letter.sizeBytes === null ? letter.kind : formatBytes(letter.sizeBytes);
  const tries = letter.attempts === 0 ? "never tried" : `after ${formatMany(letter.attempts, "attempt")}`;
  return `${look.paint("bold", show(letter.path))}  (${letter.flow}, ${size})\n  ${formatTime(letter.deadAtMs)}, ${tries}: ${look.paint("red", letter.reason)}\n`;
}
