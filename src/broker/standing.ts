import type { BusState, QueueFacts, SubscriptionCounts } from "../flow/bus.ts";

export type AnnouncerCounts = { published: number; unrouted: number; refused: number };

/** How one use of a broker stands, for `status`. */
export type Standing =
  | { use: "subscribe"; address: string; state: BusState; queue: QueueFacts; counts: SubscriptionCounts }
  | { use: "announce"; address: string; state: BusState; counts: AnnouncerCounts };
