import { HotdirError } from "../../../kernel/errors.ts";

/** The entries of one answer (each was followed by NUL), as byte strings, and the status of the tool. */
export type Answer = { entries: string[]; status: number };

/**
 * Cuts what the shell program prints into answers. An answer's end is an entry that is the token
 * and a status; the token is random, so no name and no banner can be one.
 */
export class AnswerReader {
  readonly #end: RegExp;
  readonly #onAnswer: (answer: Answer) => void;
  /** How many bytes an answer may have, asked while it comes in. */
  readonly #bytesMax: () => number;
  #entries: string[] = [];
  #partial = "";
  #bytes = 0;

  constructor(token: string, onAnswer: (answer: Answer) => void, bytesMax: () => number) {
    this.#end = new RegExp(`^${token} ([0-9]{1,3})$`);
    this.#onAnswer = onAnswer;
    this.#bytesMax = bytesMax;
  }

  /** Throws `protocol-violation` for an answer that is longer than any true one. */
  push(chunk: Buffer): void {
    const text = this.#partial + chunk.toString("latin1");
    this.#bytes += chunk.length;
    let from = 0;
    for (let nul = text.indexOf("\0"); nul >= 0; nul = text.indexOf("\0", from)) {
      this.#onEntry(text.slice(from, nul));
      from = nul + 1;
    }
    this.#partial = text.slice(from);
    if (this.#bytes > this.#bytesMax())
      throw new HotdirError("protocol-violation", { operation: "read the shell's answer", detail: "it does not end" });
  }

  #onEntry(entry: string): void {
    const end = this.#end.exec(entry);
    if (end === null) {
      this.#entries.push(entry);
      return;
    }
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#onAnswer({ entries, status: Number(end[1]) });
  }
}
