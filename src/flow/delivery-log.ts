import type { Log } from "../kernel/log.ts";
import { formatBytes, formatMany } from "../kernel/readable.ts";

/** A person can follow so many lines a second; beyond, and for the journal's sake, one line tells of all. */
const LINES_PER_S_MAX = 50;
const WINDOW_MS = 1000;

type Line = { text: string; facts: Record<string, unknown> };

/**
 * One line for each delivered file. The file of the log gets every one; what people watch gets them while they are
 * few, else one line a second for all of them.
 */
export class DeliveryLog implements Disposable {
  readonly #shown: Log;
  readonly #kept: Log | null;
  #lines = 0;
  #unsaid = { files: 0, bytes: 0 };
  #window: NodeJS.Timeout | null = null;

  constructor({ shown, kept }: Log) {
    this.#shown = shown;
    this.#kept = kept.wants("info") ? kept : null;
  }

  /** @param make makes the line where it is written. */
  delivered(sizeBytes: number, make: () => Line): void {
    this.#window ??= setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
    const folded = this.#lines >= LINES_PER_S_MAX;
    if (folded) this.#unsaid = { files: this.#unsaid.files + 1, bytes: this.#unsaid.bytes + sizeBytes };
    else this.#lines++;
    if (folded && this.#kept === null) return;
    const { text, facts } = make();
    if (!folded) this.#shown.info(text, facts);
    this.#kept?.info(text, facts);
  }

  #endWindow(): void {
    this.#window = null;
    this.#lines = 0;
    this.#tellUnsaid();
  }

  #tellUnsaid(): void {
    const { files, bytes } = this.#unsaid;
    if (files === 0) return;
    this.#unsaid = { files: 0, bytes: 0 };
    this.#shown.info(`delivered ${formatMany(files, "more file")}, ${formatBytes(bytes)}; 'hotdir log' has a line for each`, {
      files,
      bytes,
    });
  }

  [Symbol.dispose](): void {
    if (this.#window !== null) clearTimeout(this.#window);
    this.#endWindow();
  }
}
