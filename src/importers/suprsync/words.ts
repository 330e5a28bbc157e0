import type { At } from "../remark.ts";

/** A word of a command line (`at`: null), or of a site configuration's `arguments`. */
export type Word = { text: string; at: At | null };

export function typed(words: readonly string[]): Word[] {
  return words.map((text) => ({ text, at: null }));
}
