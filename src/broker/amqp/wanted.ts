import type { PublishSettings, SubscriptionSettings } from "../../flow/settings.ts";
import { bindingKeyOf } from "../messages/routing.ts";
import { exchangesOf } from "../messages/outgoing.ts";
import type { ExchangeSpec, QueueSpec } from "./topology.ts";

/** The queue that a subscription wants, with its bindings. */
export function queueSpecOf(settings: SubscriptionSettings): QueueSpec {
  const { queue, durable, expireMs, messageTtlMs, exchange, topicPrefix, subtopics } = settings;
  const bindings = subtopics.map((subtopic) => ({ exchange, key: bindingKeyOf(subtopic, topicPrefix) }));
  return { name: queue, durable, expireMs, messageTtlMs, bindings };
}

/** The exchanges that a publisher wants. */
export function exchangeSpecsOf(settings: PublishSettings): ExchangeSpec[] {
  return exchangesOf(settings).map((name) => ({ name, durable: true }));
}
