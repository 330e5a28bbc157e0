import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { show } from "../../kernel/path.ts";
import type { Announced, Announcer, BusState, Published } from "../bus.ts";
import type { PublishSettings } from "../settings.ts";

/** A broker that says it is ready and takes nothing all the same is left alone for so long. */
const PAUSE: Backoff = { minMs: 100, maxMs: 5000 };
/** That nobody listens is said this often. */
const UNHEARD_EVERY_MS = 60_000;

export type TellerOptions = {
  announcer: Announcer;
  publish: PublishSettings;
  clock: Clock;
  log: Log;
  /** Whether anybody ever got a message of the flow. Until somebody does, what is told to nobody waits: whoever is to get it may come yet. */
  heardBefore: boolean;
  /** The broker may take messages again, or takes none any more. */
  changed: () => void;
};

/** The way of a flow's messages to the broker, and what status and log say of it. */
export class Teller implements AsyncDisposable {
  readonly #announcer: Announcer;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #where: string;
  readonly #leave: () => void;
  #failures = 0;
  #pause: { until: SteadyMs; reason: string } | null = null;
  #inTrouble = false;
  #unheard = { since: 0, saidAt: -Infinity };
  #heard = true;
  #heardEver: boolean;

  constructor({ announcer, publish, clock, log, heardBefore, changed }: TellerOptions) {
    this.#heardEver = heardBefore;
    this.#announcer = announcer;
    this.#clock = clock;
    this.#log = log;
    this.#where = `${publish.broker.url} ${publish.exchange}`;
    this.#leave = announcer.onState(() => {
      this.#stateChanged();
      changed();
    });
    this.#stateChanged();
  }

  get state(): BusState {
    return this.#announcer.state;
  }

  /** Since when messages may be given: a time that is past says now; null: not before the broker's state changes. */
  get readyAt(): SteadyMs | null {
    if (this.#announcer.state.state !== "ready") return null;
    return this.#pause?.until ?? 0;
  }

  get ready(): boolean {
    const at = this.readyAt;
    return at !== null && at <= this.#clock.steady();
  }

  /** Why nothing can be told for now; null: nothing is known against it. */
  get trouble(): string | null {
    const { state } = this.#announcer;
    switch (state.state) {
      case "waiting":
        return `publish to ${this.#where}: ${state.reason}`;
      case "blocked":
        return `publish to ${this.#where}: the broker takes nothing: ${state.reason}`;
      case "ready":
        return this.#pause === null ? null : `publish to ${this.#where}: ${this.#pause.reason}`;
      case "connecting":
      case "closed":
        return null;
    }
  }

  /** What a person should know though nothing waits; null: nothing. */
  get notice(): string | null {
    return this.#heard ? null : `nobody listens: ${this.#where} has no queue for what is published there, and keeps nothing of it`;
  }

  /** Never rejects. */
  async publish(announced: Announced): Promise<Published> {
    const published = await this.#announcer
      .publish(announced)
      .catch((error: unknown): Published => ({ outcome: "refused", detail: messageOf(error) }));
    switch (published.outcome) {
      case "confirmed":
        this.#wentWell();
        this.#heard = true;
        this.#heardEver = true;
        break;
      case "unrouted":
        if (!this.#heardEver) return this.#waitForListener();
        this.#wentWell();
        this.#tellUnheard(announced);
        break;
      case "not-sent":
      case "unknown":
        this.#failed(published.detail);
        break;
      case "refused":
        break;
    }
    return published;
  }

  /** Many that are under way find the same. */
  #waitForListener(): Published {
    const detail = "nobody listens yet: there is no queue for what is published there, and it waits until there is one";
    if (this.#failures === 0) this.#log.warn(`waiting: publish to ${this.#where}: ${detail}`);
    this.#failed(detail);
    return { outcome: "not-sent", detail };
  }

  #wentWell(): void {
    this.#failures = 0;
    this.#pause = null;
  }

  /** Many that were under way fail as one. */
  #failed(reason: string): void {
    if (this.#pause !== null && this.#clock.steady() < this.#pause.until) return;
    this.#failures++;
    this.#pause = { until: this.#clock.steady() + backoffDelayMs(PAUSE, this.#failures), reason };
  }

  #stateChanged(): void {
    const { state } = this.#announcer;
    if (state.state === "ready") this.#pause = null;
    const trouble = state.state === "waiting" || state.state === "blocked";
    if (trouble && !this.#inTrouble) this.#log.warn(`waiting: ${this.trouble}; what is to be told waits in the ledger, nothing is lost`);
    if (state.state === "ready" && this.#inTrouble) this.#log.info(`going on: ${this.#where} takes messages again`);
    if (trouble || state.state === "ready") this.#inTrouble = trouble;
  }

  #tellUnheard({ change }: Announced): void {
    this.#heard = false;
    this.#unheard.since++;
    const now = this.#clock.steady();
    if (now - this.#unheard.saidAt < UNHEARD_EVERY_MS) return;
    const count = this.#unheard.since;
    this.#unheard = { since: 0, saidAt: now };
    this.#log.warn(
      `${this.notice}: ${show(change.path)}${count > 1 ? ` and ${count - 1} more` : ""}; they count as told, and are not told again`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    await this.#announcer[Symbol.asyncDispose]();
  }
}
