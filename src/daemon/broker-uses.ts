import type { FlowSettings, PublishSettings, SubscriptionSettings } from "../flow/settings.ts";

/** What a flow does with a broker, in the order in which a file travels. */
export type BrokerUse = { role: "subscribe"; settings: SubscriptionSettings } | { role: "publish" | "announce"; settings: PublishSettings };

export function brokerUsesOf({ source, destination, announce }: FlowSettings): BrokerUse[] {
  const uses: BrokerUse[] = [];
  if (source.kind === "subscribed") uses.push({ role: "subscribe", settings: source.subscription });
  if (destination.place.kind === "publish") uses.push({ role: "publish", settings: destination.place.publish });
  if (announce !== null) uses.push({ role: "announce", settings: announce });
  return uses;
}
