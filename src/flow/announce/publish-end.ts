import type { Bus } from "../bus.ts";
import type { FlowEnd, FlowEndParts } from "../flow-end.ts";
import { nothingIsLeft, wasEverConfirmed } from "../ledger/announcements.ts";
import type { PublishSettings } from "../settings.ts";
import { PublishPump } from "./publish-pump.ts";
import { Teller } from "./teller.ts";

/** Attempts that were superseded while they waited are tidied up this often. */
const TIDY_MS = 60_000;

export type PublishEndOptions = FlowEndParts & { publish: PublishSettings; bus: Bus };

/** A broker at the far end, which is told of each change. */
export class PublishEnd implements FlowEnd {
  readonly pump: PublishPump;
  readonly space = null;
  readonly readBack = null;
  readonly listBelow = null;
  readonly #options: PublishEndOptions;
  readonly #teller: Teller;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: PublishEndOptions) {
    const { settings, publish, bus, flow, db, run, reader, clock, log, events } = options;
    this.#options = options;
    this.#teller = new Teller({
      announcer: bus.announcer(publish, settings.name),
      publish,
      clock,
      log,
      heardBefore: wasEverConfirmed(db, flow),
      changed: () => {
        this.pump.wake();
        options.changed();
      },
    });
    this.pump = new PublishPump({ settings, publish, teller: this.#teller, flow, db, reader, clock, log }, run, events);
  }

  get trouble(): string | null {
    return this.#teller.trouble;
  }

  get notice(): string | null {
    return this.#teller.notice;
  }

  get lanes(): { open: number; max: number } {
    return { open: this.#teller.state.state === "ready" ? 1 : 0, max: 1 };
  }

  retried(): void {
    this.pump.wake();
  }

  start(): void {
    this.#tidy();
    this.#timer = setInterval(() => this.#tidy(), TIDY_MS);
  }

  /** So that history may drop them: a message that was published leaves nothing to be removed. */
  #tidy(): void {
    const { db, flow, events } = this.#options;
    try {
      nothingIsLeft(db, flow);
    } catch (error) {
      events.broken(error);
    }
  }

  async finish(): Promise<void> {
    this.#tidy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#teller[Symbol.asyncDispose]();
  }
}
