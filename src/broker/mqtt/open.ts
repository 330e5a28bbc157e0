import { createHash, randomBytes } from "node:crypto";
import type { Handle } from "../../flow/bus.ts";
import type { BrokerSettings, PublishSettings, SubscriptionSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import { assert } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import { type BrokerAddress, readAddress } from "../amqp/address.ts";
import { readCredentials } from "../amqp/credentials.ts";
import { linkDefaults } from "../amqp/link.ts";
import { MqttAnnouncer } from "./announcer.ts";
import { Link, type LinkSettings } from "./link.ts";
import type { Session } from "./packets.ts";
import { MqttSubscription } from "./subscription.ts";
import { type OnArrival, Wire, wireDefaults } from "./wire.ts";

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

type ToBroker = Omit<LinkSettings, "onArrival" | "prepare" | "session">;

/** Longer than a daemon takes to start again. */
const ABSENT_S = 20;

export function openMqtt(options: MqttOptions): MqttBus {
  const { clock, log, host, backoff = linkDefaults.backoff, heartbeatS = wireDefaults.heartbeatS, absentS = ABSENT_S } = options;
  const publishing = new Map<string, { link: Link; users: number }>();
  const subscriptions = new Set<MqttSubscription>();

  const linkTo = ({ url, caFile, credentialsFile }: BrokerSettings): ToBroker => {
    const address = addressOf(url);
    return {
      ...wireDefaults,
      heartbeatS,
      backoff,
      clock,
      address,
      caFile,
      credentials: async () => readCredentials(credentialsFile, address),
    };
  };

  return {
    announcer(settings) {
      const { broker } = settings;
      const key = JSON.stringify([broker.url, broker.credentialsFile, broker.caFile]);
      const shared = publishing.get(key) ?? {
        link: new Link({ ...linkTo(broker), session: passing("publish"), onArrival: () => {}, prepare: async () => null }),
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
        visit: async (session, onArrival) => visitBroker(link, session, onArrival),
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

/** A connection of which the broker keeps nothing. */
function passing(what: string): Session {
  return { clientId: `hotdir.${what}.${randomBytes(6).toString("hex")}`, keptS: 0, receiveMax: 1000, will: null };
}

/** One connection that is not made again; null: it could not be made. */
async function visitBroker(link: ToBroker, session: Session, onArrival: OnArrival): Promise<Wire | null> {
  const read = await link.credentials();
  if (!read.ok) return null;
  const opened = await Wire.open({ ...link, session }, read.credentials, onArrival, new AbortController().signal);
  return opened.ok ? opened.wire : null;
}

/** Two hosts may not share a session, nor two flows of one host; and none may lose its own. */
function sessionId(host: string, name: string): string {
  return createHash("sha256")
    .update(JSON.stringify([host, name]))
    .digest("hex")
    .slice(0, 12);
}

function addressOf(url: string): BrokerAddress {
  const read = readAddress(url);
  assert(read.ok && read.address.protocol === "mqtt", "the configuration was checked");
  return read.address;
}
