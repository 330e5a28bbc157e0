import type { BusState } from "../../flow/bus.ts";
import { type Backoff, backoffDelayMs } from "../../kernel/backoff.ts";
import { troubleText } from "../amqp/bus-state.ts";
import type { CredentialsRead } from "../amqp/credentials.ts";
import { asksForAPerson, type LinkTrouble, REFUSED_WAIT_MIN_MS, troubleOfCredentials } from "../amqp/link-state.ts";
import { type OnArrival, Wire, type WireSettings } from "./wire.ts";

export type LinkSettings = WireSettings & {
  /** Asked before each try. */
  credentials: () => Promise<CredentialsRead>;
  backoff: Backoff;
  onArrival: OnArrival;
  /** What has to be so before the connection is of use; the answer is why it is not. */
  prepare: (wire: Wire) => Promise<string | null>;
  /** What is said before we leave. */
  farewell: (wire: Wire) => Promise<unknown>;
};

const FAREWELL_MS_MAX = 2000;

/** One connection that is made again whenever it ends, for ever, with growing waits. */
export class Link implements AsyncDisposable {
  readonly #settings: LinkSettings;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #running: Promise<void>;
  #state: BusState = { state: "connecting" };
  #wire: Wire | null = null;
  #user: string | null;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.#user = settings.address.user;
    this.#running = this.#run();
  }

  get state(): BusState {
    return this.#state;
  }

  /** The connection, where there is one that is ready. */
  get wire(): Wire | null {
    return this.#wire;
  }

  /** As whom, last; null where the address names nobody and no credentials were read yet. */
  get user(): string | null {
    return this.#user;
  }

  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the link is closed"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, backoff } = this.#settings;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      // While it is tried again, the reason is still the last one.
      if (failures === 0) this.#become({ state: "connecting" });
      const trouble = await this.#connectOnce(() => (failures = 0));
      if (signal.aborted) break;
      failures += 1;
      const waitMs = Math.max(
        backoffDelayMs(backoff, failures),
        asksForAPerson(trouble) ? Math.min(REFUSED_WAIT_MIN_MS, backoff.maxMs) : 0,
      );
      this.#become({ state: "waiting", reason: troubleText(trouble), untilMs: clock.wall() + waitMs });
      await clock.sleep(waitMs, signal).catch(() => {});
    }
    this.#become({ state: "closed" });
  }

  /** One life of the connection; the answer is why it ended. */
  async #connectOnce(onReady: () => void): Promise<LinkTrouble> {
    const { credentials, onArrival, prepare } = this.#settings;
    const { signal } = this.#stop;
    const read = await credentials();
    if (!read.ok) return troubleOfCredentials(read.fault);
    this.#user = read.credentials.user;
    const opened = await Wire.open(this.#settings, read.credentials, onArrival, signal);
    if (!opened.ok) return opened.trouble;
    const { wire } = opened;
    const hangUp = (): void => void this.#leave(wire);
    signal.addEventListener("abort", hangUp, { once: true });
    if (signal.aborted) hangUp();
    const refused = await prepare(wire);
    if (refused !== null && !wire.ended.aborted) {
      await wire.close();
      return { trouble: "login-refused", detail: refused };
    }
    if (!wire.ended.aborted) {
      onReady();
      this.#wire = wire;
      this.#become({ state: "ready" });
    }
    await ended(wire);
    this.#wire = null;
    signal.removeEventListener("abort", hangUp);
    return wire.trouble;
  }

  async #leave(wire: Wire): Promise<void> {
    const { clock, farewell } = this.#settings;
    const said = new AbortController();
    await Promise.race([farewell(wire), clock.sleep(FAREWELL_MS_MAX, said.signal).catch(() => {})]);
    said.abort(new Error("it was said"));
    await wire.close();
  }

  #become(state: BusState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

async function ended(wire: Wire): Promise<void> {
  if (wire.ended.aborted) return;
  await new Promise<void>((resolve) => wire.ended.addEventListener("abort", () => resolve(), { once: true }));
}
