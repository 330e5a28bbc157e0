import type { Announcer, Handle, Subscription } from "../../flow/bus.ts";
import type { PublishSettings, SubscriptionSettings } from "../../flow/settings.ts";
import type { Backoff } from "../../kernel/backoff.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { AmqpAnnouncer } from "./announcer.ts";
import { Links } from "./links.ts";
import { AmqpSubscription } from "./subscription.ts";

/** The part of a bus that `amqp:` and `amqps:` URLs are for. */
export type AmqpBus = AsyncDisposable & {
  announcer(settings: PublishSettings, name: string): Announcer;
  subscribe(settings: SubscriptionSettings, name: string, handle: Handle): Subscription;
};

export function openAmqp(parts: { clock: Clock; log: Log; backoff: Backoff }): AmqpBus {
  const links = new Links(parts);
  const { log, ...timing } = parts;
  return {
    announcer: (settings) => new AmqpAnnouncer(settings, { held: links.hold(settings.broker, "publish"), ...timing }),
    subscribe(settings, name, handle) {
      const consuming = links.hold(settings.broker, "consume");
      const publishing = links.hold(settings.broker, "publish");
      return new AmqpSubscription(settings, { consuming, publishing, ...timing, log: log.with({ flow: name }), name, handle });
    },
    [Symbol.asyncDispose]: () => links[Symbol.asyncDispose](),
  };
}
