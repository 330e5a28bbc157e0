import type { Bytes } from "../../kernel/path.ts";
import type { Directory } from "./directory-tree.ts";

/** A name to look at again; `closed`: a writer closed it, and the lease was refused all the same. */
export type Relook = { directory: Directory; name: Bytes; closed: boolean; dueAtMs: number; delayMs: number };

/**
 * Looks to be repeated by ourselves, bounded. The kernel tells of a close a moment before the file
 * counts as closed (and the file system may work for seconds in between), so a refused lease after
 * a close is asked for again, with doubled delays, until the delay says that another writer has it.
 */
export class Relooks {
  readonly #limit: number;
  #waiting: Relook[] = [];
  #firstDueAtMs = Number.POSITIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `false`: no room. */
  add(relook: Relook): boolean {
    if (this.#waiting.length >= this.#limit) return false;
    this.#waiting.push(relook);
    this.#firstDueAtMs = Math.min(this.#firstDueAtMs, relook.dueAtMs);
    return true;
  }

  takeDue(nowMs: number): Relook[] {
    if (nowMs < this.#firstDueAtMs) return [];
    const due: Relook[] = [];
    const later: Relook[] = [];
    this.#firstDueAtMs = Number.POSITIVE_INFINITY;
    for (const relook of this.#waiting) {
      (relook.dueAtMs <= nowMs ? due : later).push(relook);
      if (relook.dueAtMs > nowMs) this.#firstDueAtMs = Math.min(this.#firstDueAtMs, relook.dueAtMs);
    }
    this.#waiting = later;
    return due;
  }

  /** null: none. */
  waitMs(nowMs: number): number | null {
    return this.#waiting.length === 0 ? null : Math.max(0, this.#firstDueAtMs - nowMs);
  }
}
