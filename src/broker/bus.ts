import type { Announcer, Bus, Handle, Subscription, Told } from "../flow/bus.ts";
import type { BrokerSettings, PublishSettings, SubscriptionSettings } from "../flow/settings.ts";
import type { Backoff } from "../kernel/backoff.ts";
import type { Clock } from "../kernel/clock.ts";
import { assert } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import { type BrokerAddress, readAddress, showAddress } from "./amqp/address.ts";
import { type AmqpBus, openAmqp } from "./amqp/open.ts";
import { type MqttBus, openMqtt } from "./mqtt/open.ts";
import { linkDefaults } from "./amqp/link.ts";
import { Counted } from "./counted.ts";
import { readBody } from "./messages/told.ts";
import type { Standing } from "./standing.ts";

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
  readonly #standings = new WeakMap<PublishSettings | SubscriptionSettings, () => Standing>();

  constructor(parts: BusParts) {
    const complete = { backoff: linkDefaults.backoff, ...parts };
    this.#amqp = openAmqp(complete);
    this.#mqtt = openMqtt(complete);
  }

  announcer(settings: PublishSettings, name: string): Announcer {
    const address = addressOf(settings.broker);
    const announcer = new Counted(this.#for(address).announcer(settings, name));
    const { counts } = announcer;
    this.#standings.set(settings, () => ({
      use: "announce",
      address: showAddress(address),
      state: announcer.state,
      counts: { ...counts },
    }));
    return announcer;
  }

  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription {
    const address = addressOf(settings.broker);
    const subscription = this.#for(address).subscribe(settings, name, handle);
    this.#standings.set(settings, () => {
      const { state, queue, counts } = subscription;
      return { use: "subscribe", address: showAddress(address), state, queue, counts: { ...counts } };
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
    await Promise.all([this.#amqp, this.#mqtt].map(async (one) => one[Symbol.asyncDispose]()));
  }

  #for({ protocol }: BrokerAddress): AmqpBus | MqttBus {
    return protocol === "mqtt" ? this.#mqtt : this.#amqp;
  }
}

export function openBus(parts: BusParts): BrokerBus {
  return new BrokerBus(parts);
}

function addressOf({ url }: BrokerSettings): BrokerAddress {
  const read = readAddress(url);
  assert(read.ok, "the configuration lets no broker's address through that is none");
  return read.address;
}
