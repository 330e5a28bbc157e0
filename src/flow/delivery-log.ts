import type { Log } from "../kernel/log.ts";
import { formatBytes, formatMany } from "../kernel/readable.ts";

/** A person can follow so many lines a second; beyond, and for a busy disk, one line tells of all. */
const LINES_PER_S_MAX = 50;
const WINDOW_MS = 1000;

/** One line for each delivered file while they are few, else one line a second for all of them. */
export class DeliveryLog implements Disposable {
  readonly #log: Log;
  #lines = 0;
  #unsaid = { files: 0, bytes: 0 };
  #window: NodeJS.Timeout | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param line is made only where it is written: at many files a second most are not. */
  delivered(sizeBytes: number, line: () => { text: string; facts: Record<string, unknown> }): void {
    this.#window ??= setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
    if (this.#lines < LINES_PER_S_MAX) {
      this.#lines++;
      const { text, facts } = line();
      return this.#log.info(text, facts);
    }
    this.#unsaid = { files: this.#unsaid.files + 1, bytes: this.#unsaid.bytes + sizeBytes };
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
    this.#log.info(`delivered ${formatMany(files, "more file")}, ${formatBytes(bytes)}`, { files, bytes });
  }

  [Symbol.dispose](): void {
    if (this.#window !== null) clearTimeout(this.#window);
    this.#endWindow();
  }
}
