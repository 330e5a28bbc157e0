import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { type MessageRefusal, refusalText } from "./messages/refusal.ts";

/** Whoever may publish may publish a million of them: each kind is told once in so long, with how many there were. */
const TELL_EVERY_MS = 60_000;

type Kind = MessageRefusal["refused"];

/** Counts the messages that are not acted upon, and tells of them. */
export class RefusalLog implements Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #queue: string;
  readonly #kinds = new Map<Kind, { toldAtMs: number; untold: number }>();
  refused = 0;

  constructor(log: Log, clock: Clock, queue: string) {
    this.#log = log;
    this.#clock = clock;
    this.#queue = queue;
  }

  /** The reason, as the dead letter bears it. */
  refuse(refusal: MessageRefusal): string {
    this.refused += 1;
    const reason = refusalText(refusal);
    const now = this.#clock.steady();
    const kind = this.#kinds.get(refusal.refused);
    if (kind === undefined || now - kind.toldAtMs >= TELL_EVERY_MS) {
      const more = kind === undefined || kind.untold === 0 ? "" : ` (and ${kind.untold} more of this kind since the last such line)`;
      this.#log.warn(`a message of ${this.#queue} is not understood: ${reason}; it lies with the dead letters of the queue${more}`);
      this.#kinds.set(refusal.refused, { toldAtMs: now, untold: 0 });
    } else kind.untold += 1;
    return reason;
  }

  [Symbol.dispose](): void {
    for (const [kind, { untold }] of this.#kinds)
      if (untold > 0) this.#log.warn(`${untold} more messages of ${this.#queue} were not understood (${kind})`);
  }
}
