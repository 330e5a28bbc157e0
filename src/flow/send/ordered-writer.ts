import type { WritableFile } from "./contract.ts";
import type { Lane } from "./link.ts";

/**
 * Writes one file from front to back with several writes under way, and tells how far it is known to be written without a
 * gap. Never holds more than its window: whoever brings more waits.
 */
export class OrderedWriter {
  readonly #file: WritableFile;
  readonly #lane: Lane;
  readonly #windowBytes: number;
  readonly #acknowledged: (upTo: number, bytes: number) => void;
  #next: number;
  #underWayBytes = 0;
  #chain: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | null = null;
  #wake: (() => void) | null = null;

  constructor(
    file: WritableFile,
    options: { lane: Lane; start: number; windowBytes: number; acknowledged: (upTo: number, bytes: number) => void },
  ) {
    this.#file = file;
    this.#lane = options.lane;
    this.#next = options.start;
    this.#windowBytes = options.windowBytes;
    this.#acknowledged = options.acknowledged;
  }

  /** Resolves when there is room for more; the buffer stays untouched until it was written. */
  async write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const at = this.#next;
    this.#next += bytes.length;
    this.#underWayBytes += bytes.length;
    this.#lane.loadBytes += bytes.length;
    const written = this.#written(bytes, at);
    // Where one before it failed, nobody else asks how this one ended.
    written.catch(() => undefined);
    this.#chain = this.#chain.then(() => written).then(() => this.#acknowledged(at + bytes.length, bytes.length));
    this.#chain.catch((error: unknown) => this.#failed(error));
    while (this.#underWayBytes >= this.#windowBytes && this.#failure === null) await this.#room(signal);
    if (this.#failure !== null) throw this.#failure.error;
    signal.throwIfAborted();
  }

  async #written(bytes: Buffer, at: number): Promise<void> {
    try {
      await this.#file.write(bytes, at);
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.#underWayBytes -= bytes.length;
      this.#lane.loadBytes -= bytes.length;
      this.#wake?.();
    }
  }

  #failed(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  async #room(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
    this.#wake = null;
    signal.throwIfAborted();
  }

  /** All that was brought is written; rejects with the first failure. */
  async settled(): Promise<void> {
    await this.#chain;
  }
}
