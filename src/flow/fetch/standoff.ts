import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { HotdirError, hasCode, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { OriginAway } from "./contract.ts";

const OUTAGE_BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 };
/** A refused login is not tried often, so that no account is locked. */
const REFUSAL_BACKOFF: Backoff = { minMs: 60_000, maxMs: 600_000 };

/** Leaves one host alone while it is out of reach: whoever asks meanwhile is refused at once, and holds nobody up. */
export class Standoff {
  readonly #host: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #back: () => void;
  #failures = 0;
  #last: { error: HotdirError; until: SteadyMs; since: SteadyMs } | null = null;
  /** Somebody finds out whether it answers again. */
  #asking = false;

  /** @param options.back it answers again, after it did not. */
  constructor(host: string, options: { clock: Clock; log: Log; back: () => void }) {
    this.#host = host;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#back = options.back;
  }

  /**
   * Throws what the last try threw, until it is time for another; of that one asker finds out how it is, until `succeeded`, `failed` or its
   * disposal. So a host that takes requests and never answers holds one of them.
   */
  enter(): Disposable {
    if (this.#last === null) return { [Symbol.dispose]: () => undefined };
    if (this.#asking || this.holds) throw this.#last.error;
    this.#asking = true;
    return { [Symbol.dispose]: () => void (this.#asking = false) };
  }

  /** Since when and why nothing could be had from it; null: it answered when it was last asked. */
  get away(): OriginAway | null {
    return this.#last === null ? null : { reason: this.#last.error.message, since: this.#last.since };
  }

  /** Whether the host is being left alone now. */
  get holds(): boolean {
    return this.#last !== null && this.#clock.steady() < this.#last.until;
  }

  succeeded(): void {
    if (this.#last === null) return;
    this.#log.info(`files can be fetched from ${this.#host} again`);
    this.#last = null;
    this.#failures = 0;
    this.#back();
  }

  /** The error to throw, of scope `origin`. Many requests that failed together are one failure. */
  failed(error: unknown): HotdirError {
    const reason = unreachable(this.#host, error);
    const now = this.#clock.steady();
    if (this.holds) return reason;
    this.#failures++;
    const refused = hasCode(error, "login-refused", "host-key-changed");
    const delayMs = backoffDelayMs(refused ? REFUSAL_BACKOFF : OUTAGE_BACKOFF, this.#failures);
    const level = this.#last === null ? "warn" : "debug";
    this.#log[level](`${reason.message}; trying again in ${(delayMs / 1000).toFixed(1)} s, nothing is lost`);
    this.#last = { error: reason, until: now + delayMs, since: this.#last?.since ?? now };
    return reason;
  }
}

function unreachable(host: string, error: unknown): HotdirError {
  if (hasCode(error, "origin-unreachable")) return error;
  return new HotdirError("origin-unreachable", { operation: "fetch", host, detail: messageOf(error), cause: error });
}
