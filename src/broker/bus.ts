import type { Announcer, Bus, Handle, Subscription, Told } from "../flow/bus.ts";
import type { BrokerSettings, PublishSettings, SubscriptionSettings } from "../flow/settings.ts";
import type { Backoff } from "../kernel/backoff.ts";
import type { Clock } from "../kernel/clock.ts";
import { assert } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { readAddress } from "./amqp/address.ts";
import { type AmqpBus, openAmqp } from "./amqp/open.ts";
import { type MqttBus, openMqtt } from "./mqtt/open.ts";
import { linkDefaults } from "./amqp/link.ts";
import { Counted } from "./counted.ts";
import { readBody } from "./messages/told.ts";
import type { AnnouncerStanding } from "./standing.ts";

export type BusParts = {
  clock: Clock;
  log: Log;
  /** What tells this daemon from every other one, and is the same in its next life. */
  host: string;
  /** Between tries at a broker. */
  backoff?: Backoff;
};

/** The brokers of all flows. Connections are made for whoever needs one, and go with the last who does. */
export class BrokerBus implements Bus {
  readonly #amqp: AmqpBus;
  readonly #mqtt: MqttBus;
  /** By the settings that each was opened with. */
  readonly #announcers = new WeakMap<PublishSettings, Counted>();

  constructor(parts: BusParts) {
    const complete = { backoff: linkDefaults.backoff, ...parts };
    this.#amqp = openAmqp(complete);
    this.#mqtt = openMqtt(complete);
  }

  announcer(settings: PublishSettings, name: string): Announcer {
    const announcer = new Counted(this.#for(settings.broker).announcer(settings, name));
    this.#announcers.set(settings, announcer);
    return announcer;
  }

  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription {
    return this.#for(settings.broker).subscribe(settings, name, handle);
  }

  read(body: Buffer): Told | null {
    return readBody(body);
  }

  /** How the announcer that was opened with these very settings stands; null: none is open with them. */
  standingOf(settings: PublishSettings): AnnouncerStanding | null {
    const announcer = this.#announcers.get(settings);
    if (announcer === undefined || announcer.state.state === "closed") return null;
    return { state: announcer.state, counts: { ...announcer.counts } };
  }

  /** Goes last: what is still under way loses its connection, and nothing else. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#amqp, this.#mqtt].map(async (one) => one[Symbol.asyncDispose]()));
  }

  #for({ url }: BrokerSettings): AmqpBus | MqttBus {
    const read = readAddress(url);
    assert(read.ok, "the configuration lets no broker's address through that is none");
    return read.address.protocol === "mqtt" ? this.#mqtt : this.#amqp;
  }
}

export function openBus(parts: BusParts): BrokerBus {
  return new BrokerBus(parts);
}
