import { residentBytes } from "../test/support/processes.ts";

/** Looks at a process's resident memory (VmRSS, all its threads; not its ssh children) twice a second, until disposed. */
export class MemoryWatch implements Disposable {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #maxBytes = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), 500);
    this.#look();
  }

  #look(): void {
    this.#maxBytes = Math.max(this.#maxBytes, residentBytes(this.#pid));
  }

  get nowMiB(): number {
    return residentBytes(this.#pid) / 2 ** 20;
  }

  /** The most since the last call, or the start. */
  takeMaxMiB(): number {
    this.#look();
    const maxMiB = this.#maxBytes / 2 ** 20;
    this.#maxBytes = 0;
    return maxMiB;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
