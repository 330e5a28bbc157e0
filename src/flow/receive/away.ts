import type { Clock } from "../../kernel/clock.ts";
import type { Handled } from "../bus.ts";
import type { OriginSet } from "../fetch/contract.ts";
import type { PendingMessage } from "./pending.ts";

/** What goes back to the queue stays there for as long again as its origin has been away already, within these. */
const BACK_MIN_MS = 10_000;
const BACK_MAX_MS = 600_000;

/**
 * Messages whose files cannot be fetched now, since their origin is out of reach. Some of them wait here, and are the first to go on;
 * the others go back to the queue for a while, so that they do not take the places of those that can be fetched.
 */
export class Away {
  readonly #origins: Pick<OriginSet, "away">;
  readonly #clock: Clock;
  readonly #places: number;
  readonly #here = new Set<PendingMessage>();

  /** @param prefetch so many messages does the broker give; half of them may wait here. */
  constructor(prefetch: number, origins: Pick<OriginSet, "away">, clock: Clock) {
    this.#places = Math.ceil(prefetch / 2);
    this.#origins = origins;
    this.#clock = clock;
  }

  /** Whether messages wait here for an origin that is out of reach; false: there are enough of them. */
  keeps(messages: readonly PendingMessage[]): boolean {
    return messages.every((message) => {
      if (!this.#here.has(message) && this.#hasRoom()) this.#here.add(message);
      return this.#here.has(message);
    });
  }

  /** What is answered to a message that has just come; null: it is followed. */
  answerTo({ received }: PendingMessage): Handled | null {
    const { baseUrl, content } = received.told;
    if (content !== null || this.#here.size < this.#places || this.#hasRoom()) return null;
    const away = this.#origins.away(baseUrl);
    return away === null ? null : this.back(baseUrl, away.reason);
  }

  /** It counts as no try. */
  back(baseUrl: string, reason: string): Handled & { outcome: "again" } {
    const away = this.#origins.away(baseUrl);
    const forMs = away === null ? 0 : this.#clock.steady() - away.since;
    return { outcome: "again", afterMs: Math.min(BACK_MAX_MS, Math.max(BACK_MIN_MS, forMs)), reason, counted: false };
  }

  #hasRoom(): boolean {
    if (this.#here.size < this.#places) return true;
    for (const message of this.#here) if (message.answered) this.#here.delete(message);
    return this.#here.size < this.#places;
  }
}
