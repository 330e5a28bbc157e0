import type { Announcer, Bus, Handle, Subscription, Told } from "../flow/bus.ts";
import type { PublishSettings, SubscriptionSettings } from "../flow/settings.ts";
import type { Backoff } from "../kernel/backoff.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { AmqpAnnouncer } from "./amqp/announcer.ts";
import { linkDefaults } from "./amqp/link.ts";
import { Links } from "./amqp/links.ts";
import { AmqpSubscription } from "./amqp/subscription.ts";
import { readBody } from "./messages/told.ts";
import type { Standing } from "./standing.ts";

/** `backoff`: between tries at a broker. */
export type BusParts = { clock: Clock; log: Log; backoff?: Backoff };

/** The brokers of all flows. Connections are made for whoever needs one, and go with the last who does. */
export class BrokerBus implements Bus {
  readonly #parts: Required<BusParts>;
  readonly #links: Links;
  /** By the settings that each was opened with. */
  readonly #standings = new WeakMap<PublishSettings | SubscriptionSettings, () => Standing>();

  constructor(parts: BusParts) {
    this.#parts = { backoff: linkDefaults.backoff, ...parts };
    this.#links = new Links(this.#parts);
  }

  announcer(settings: PublishSettings, _name: string): Announcer {
    const { clock, backoff } = this.#parts;
    const announcer = new AmqpAnnouncer(settings, { held: this.#links.hold(settings.broker, "publish"), clock, backoff });
    const { address, counts } = announcer;
    this.#standings.set(settings, () => ({ use: "announce", address, state: announcer.state, counts: { ...counts } }));
    return announcer;
  }

  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription {
    const hold = (role: "consume" | "publish") => this.#links.hold(settings.broker, role);
    const { clock, backoff, log } = this.#parts;
    const subscription = new AmqpSubscription(settings, {
      consuming: hold("consume"),
      publishing: hold("publish"),
      clock,
      backoff,
      log: log.with({ flow: name }),
      name,
      handle,
    });
    const { address } = subscription;
    this.#standings.set(settings, () => {
      const { state, queue, counts } = subscription;
      return { use: "subscribe", address, state, queue, counts };
    });
    return subscription;
  }

  read(body: Buffer): Told | null {
    return readBody(body);
  }

  /** How what was opened with these very settings stands; null: nothing is open with them. */
  standingOf(settings: PublishSettings | SubscriptionSettings): Standing | null {
    const standing = this.#standings.get(settings)?.() ?? null;
    return standing?.state.state === "closed" ? null : standing;
  }

  /** Goes last: what is still under way loses its connection, and nothing else. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#links[Symbol.asyncDispose]();
  }
}

export function openBus(parts: BusParts): BrokerBus {
  return new BrokerBus(parts);
}
