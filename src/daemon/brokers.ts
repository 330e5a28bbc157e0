import { hostname } from "node:os";
import type { BrokerBus } from "../broker/bus.ts";
import type { AnnouncerStanding } from "../broker/standing.ts";
import type { Announcer, Bus, Handle, Subscription, Told } from "../flow/bus.ts";
import type { FlowSettings, PublishSettings, SubscriptionSettings } from "../flow/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import { assert } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { brokerUsesOf } from "./broker-uses.ts";

/** The bus of the daemon, loaded when the first flow needs it: where none does, a broker costs nothing. */
export class Brokers implements Bus {
  readonly #parts: { clock: Clock; log: Log; stateDirectory: string };
  #bus: BrokerBus | null = null;

  constructor(parts: { clock: Clock; log: Log; stateDirectory: string }) {
    this.#parts = parts;
  }

  /** Before flows are made that speak to a broker. */
  async prepare(flows: readonly FlowSettings[]): Promise<void> {
    if (this.#bus !== null || flows.every((flow) => brokerUsesOf(flow).length === 0)) return;
    const { openBus } = await import("../broker/bus.ts");
    const { clock, log, stateDirectory } = this.#parts;
    this.#bus = openBus({ clock, log, host: `${hostname()}:${stateDirectory}` });
  }

  announcer(settings: PublishSettings, name: string): Announcer {
    return this.#loaded.announcer(settings, name);
  }

  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription {
    return this.#loaded.subscribe(settings, name, handle);
  }

  read(body: Buffer): Told | null {
    return this.#loaded.read(body);
  }

  /** null: nothing is open with these settings, as when the flow is paused. */
  standingOf(settings: PublishSettings): AnnouncerStanding | null {
    return this.#bus?.standingOf(settings) ?? null;
  }

  get #loaded(): BrokerBus {
    assert(this.#bus !== null, "brokers are prepared for every flow that speaks to one");
    return this.#bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bus?.[Symbol.asyncDispose]();
  }
}
