import type { BrokerSettings, PublishSettings, SubscribedSource, SubscriptionSettings } from "../../src/flow/settings.ts";
import type { AbsPath, Bytes } from "../../src/kernel/path.ts";
import { sourceSettings } from "./ledger.ts";

const broker: BrokerSettings = { url: "amqp://ada@127.0.0.1/", credentialsFile: "/nowhere/credentials.conf" as AbsPath, caFile: null };

/** Messages of one exchange, as a test wants them. */
export function subscriptionSettings(changes: Partial<SubscriptionSettings> = {}): SubscriptionSettings {
  return {
    broker,
    exchange: "xs_ada",
    topicPrefix: ["v03"],
    subtopics: ["#"],
    queue: "q_ada.hotdir.test",
    durable: true,
    expireMs: null,
    messageTtlMs: null,
    declare: true,
    prefetch: 50,
    priority: 0,
    ...changes,
  };
}

export function publishSettings(changes: Partial<PublishSettings> = {}): PublishSettings {
  return {
    broker,
    exchange: "xs_ada",
    split: 1,
    topicPrefix: ["v03"],
    declare: true,
    baseUrl: null,
    pathPrefix: "" as Bytes,
    source: null,
    headers: {},
    inlineMaxBytes: 0,
    ...changes,
  };
}

/** Takes every change from messages, and puts files where the messages have them. */
export function subscribedSource(root: AbsPath, changes: Partial<SubscribedSource> = {}): SubscribedSource {
  const { accept, reject, rescanMs, propagate } = sourceSettings();
  return {
    kind: "subscribed",
    root,
    accept,
    reject,
    rescanMs,
    propagate,
    settle: { kind: "quiet", quietMs: 0 },
    subscription: subscriptionSettings(),
    base: "root",
    match: "path",
    routes: [],
    unmatched: { accepts: true, pattern: null, into: "", mirror: true, strip: { kind: "none" }, flatten: null, name: null },
    ssh: ["ssh"],
    duplicatesMs: 0,
    ...changes,
  };
}
