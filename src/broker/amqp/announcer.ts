import type { Announced, Announcer, BusState, Published } from "../../flow/bus.ts";
import type { PublishSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { exchangesOf, outgoing } from "../messages/outgoing.ts";
import { busState } from "./bus-state.ts";
import type { HeldLink } from "./links.ts";
import { Publisher, publisherDefaults } from "./publisher.ts";
import { declareExchange } from "./topology.ts";

/** A flow's way to its exchange: each announcement is one message, and is the broker's once it is confirmed. */
export class AmqpAnnouncer implements Announcer {
  readonly #settings: PublishSettings;
  readonly #held: HeldLink;
  readonly #publisher: Publisher;
  readonly #listeners = new Set<() => void>();
  readonly #unlisten: () => void;

  constructor(settings: PublishSettings, parts: { held: HeldLink; clock: Clock; backoff: Backoff }) {
    const { held, clock, backoff } = parts;
    this.#settings = settings;
    this.#held = held;
    const changed = (): void => {
      for (const listener of this.#listeners) listener();
    };
    this.#unlisten = held.link.onState(changed);
    this.#publisher = new Publisher({
      ...publisherDefaults,
      link: held.link,
      clock,
      backoff,
      changed,
      prepare: async (channel) => {
        for (const name of exchangesOf(settings)) {
          if (settings.declare) await declareExchange(channel, { name, durable: true });
          // Somebody else's: it is waited for.
          else await channel.checkExchange(name);
        }
      },
    });
  }

  get state(): BusState {
    const { state } = this.#publisher;
    return busState(this.#held.link.state, state.state === "no-link" ? { state: "preparing" } : state);
  }

  onState(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async publish(announced: Announced): Promise<Published> {
    const message = outgoing(announced, this.#settings, this.#held.link.user);
    if (!message.ok) return { outcome: "refused", detail: message.detail };
    const { exchange, routingKey, properties, body } = message;
    return await this.#publisher.publish({ exchange, routingKey, properties, body });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten();
    await this.#publisher[Symbol.asyncDispose]();
    await this.#held[Symbol.asyncDispose]();
  }
}
