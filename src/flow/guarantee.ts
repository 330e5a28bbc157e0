import { digestAlgorithms } from "./digest.ts";
import { wantsDurable } from "./send/context.ts";
import type { FlowSettings } from "./settings.ts";

/** What "delivered" means for a flow, strongest first. */
export type Guarantee = "verified+durable" | "verified" | "size only" | "unverified";

/** What the flow is asked to prove. `canBeDurable: false`: the destination was probed and offers no way to sync. Pure. */
export function guaranteeOf(settings: FlowSettings, canBeDurable = true): Guarantee {
  const { verify } = settings.destination;
  if (verify === "none") return "unverified";
  if (verify === "size") return "size only";
  return canBeDurable && wantsDurable(settings) ? "verified+durable" : "verified";
}

/** The guarantee in a sentence, for people. */
export const guaranteeMeans: Record<Guarantee, string> = {
  "verified+durable": "every file is read back at the destination and compared, and is on its disk before the receipt",
  verified: "every file is read back at the destination and compared",
  "size only": "only the size of a file is compared; damaged bytes would not be noticed",
  unverified: "nothing is compared; a receipt says only that the bytes were sent",
};

/** The digest that the flow's receipts hold; null: they hold none. */
export function digestOf(settings: Pick<FlowSettings, "destination">): (typeof digestAlgorithms)[number] | null {
  return digestAlgorithms.find((algorithm) => algorithm === settings.destination.verify) ?? null;
}
