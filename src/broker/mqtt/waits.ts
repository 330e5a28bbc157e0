import type { WallMs } from "../../kernel/clock.ts";

type Wait = { returns: number; dueMs: WallMs };

/** Beyond this many the oldest are forgotten: they are tried at once, and their tries are counted anew. */
const WAITS_MAX = 20_000;

/**
 * What this host knows of messages that are to come again: it holds them unacknowledged, since a broker of MQTT cannot delay one.
 * It lasts over connections, after which the broker gives each once more; a kill forgets it, and then they come at once.
 */
export class Waits {
  readonly #waits = new Map<string, Wait>();

  of(name: string): Wait {
    return this.#waits.get(name) ?? { returns: 0, dueMs: 0 };
  }

  /** `counted`: one more try that failed. */
  put(name: string, dueMs: WallMs, options: { counted: boolean }): void {
    const { returns } = this.of(name);
    this.#waits.delete(name);
    this.#waits.set(name, { returns: returns + (options.counted ? 1 : 0), dueMs });
    const [oldest] = this.#waits.keys();
    if (this.#waits.size > WAITS_MAX && oldest !== undefined) this.#waits.delete(oldest);
  }

  end(name: string): void {
    this.#waits.delete(name);
  }
}
