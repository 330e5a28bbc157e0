import { createHash } from "node:crypto";
import type { Handle } from "../../flow/bus.ts";
import type { BrokerSettings, PublishSettings, SubscriptionSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { linkDefaults } from "../amqp/link.ts";
import { MqttAnnouncer } from "./announcer.ts";
import { Link } from "./link.ts";
import { MqttSubscription } from "./subscription.ts";
import { passing, type ToBroker, visitBroker, wayTo } from "./visit.ts";
import { wireDefaults } from "./wire.ts";

export type MqttOptions = {
  clock: Clock;
  log: Log;
  backoff?: Backoff;
  /** What tells this daemon from every other one, and is the same in its next life: the broker keeps its messages under it. */
  host: string;
  heartbeatS?: number;
  /** A host that was gone for so long without a word is looked after by the others. */
  absentS?: number;
};

/** The part of a bus that `mqtt:` and `mqtts:` URLs are for. */
export type MqttBus = AsyncDisposable & {
  announcer(settings: PublishSettings, name: string): MqttAnnouncer;
  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): MqttSubscription;
};

/** Longer than a daemon takes to start again. */
const ABSENT_S = 20;

export function openMqtt(options: MqttOptions): MqttBus {
  const { clock, log, host, backoff = linkDefaults.backoff, heartbeatS = wireDefaults.heartbeatS, absentS = ABSENT_S } = options;
  const publishing = new Map<string, { link: Link; users: number }>();
  const subscriptions = new Set<MqttSubscription>();

  const linkTo = (broker: BrokerSettings): ToBroker & { backoff: Backoff } => ({ ...wayTo(broker, clock, heartbeatS), backoff });

  return {
    announcer(settings) {
      const { broker } = settings;
      const key = JSON.stringify([broker.url, broker.credentialsFile, broker.caFile]);
      const shared = publishing.get(key) ?? {
        link: new Link({
          ...linkTo(broker),
          session: passing("publish"),
          onArrival: () => {},
          prepare: async () => null,
          farewell: async () => {},
        }),
        users: 0,
      };
      publishing.set(key, shared);
      shared.users += 1;
      return new MqttAnnouncer(shared.link, settings, async () => {
        shared.users -= 1;
        if (shared.users > 0) return;
        publishing.delete(key);
        await shared.link[Symbol.asyncDispose]();
      });
    },

    subscribe(settings, name, handle) {
      const link = linkTo(settings.broker);
      const subscription = new MqttSubscription({
        subscription: settings,
        id: sessionId(host, name),
        link,
        visit: async (session, onArrival) => {
          const opened = await visitBroker(link, session, onArrival);
          return opened.ok ? opened.wire : null;
        },
        passing: () => passing("look"),
        absentS,
        handle,
        clock,
        log,
      });
      subscriptions.add(subscription);
      return subscription;
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...subscriptions, ...[...publishing.values()].map(({ link }) => link)].map(async (one) => one[Symbol.asyncDispose]()),
      );
    },
  };
}

/** Two hosts may not share a session, nor two flows of one host; and none may lose its own. */
function sessionId(host: string, name: string): string {
  return createHash("sha256")
    .update(JSON.stringify([host, name]))
    .digest("hex")
    .slice(0, 12);
}
