import { digestAlgorithms } from "./digest.ts";
import { wantsDurable } from "./send/context.ts";
import type { FlowSettings } from "./settings.ts";

/** What "delivered" means for a flow, strongest first. */
export type Guarantee = "verified+durable" | "verified" | "size only" | "unverified" | "announced" | "compared";

/** What the flow is asked to prove. `canBeDurable: false`: the destination was probed and offers no way to sync. Pure. */
export function guaranteeOf(settings: FlowSettings, canBeDurable = true): Guarantee {
  if (settings.destination.place.kind === "remove") return "compared";
  if (!movesFiles(settings)) return "announced";
  const { verify } = settings.destination;
  if (verify === "none") return "unverified";
  if (verify === "size") return "size only";
  return canBeDurable && wantsDurable(settings) ? "verified+durable" : "verified";
}

/** Whether receipts of the flow may rest on bytes at all. A broker that has a message proves none: nothing may be removed on that. */
export function movesFiles({ destination }: Pick<FlowSettings, "destination">): boolean {
  const { kind } = destination.place;
  return kind === "file" || kind === "sftp" || kind === "commands";
}

/** The guarantee in a sentence, for people. */
export const guaranteeMeans: Record<Guarantee, string> = {
  "verified+durable": "every file is read back at the destination and compared, and is on its disk before the receipt",
  verified: "every file is read back at the destination and compared",
  "size only": "only the size of a file is compared; damaged bytes would not be noticed",
  unverified: "nothing is compared; a receipt says only that the bytes were sent",
  announced: "the broker has a message of each change for good; no file is moved, and nothing is known of those who fetch it",
  compared:
    "a file goes only while its bytes are those that a message says to be elsewhere; that they are there is the word of who sent it",
};

/** The digest that the flow's receipts hold; null: they hold none. */
export function digestOf(settings: Pick<FlowSettings, "destination">): (typeof digestAlgorithms)[number] | null {
  if (!movesFiles(settings)) return null;
  return digestAlgorithms.find((algorithm) => algorithm === settings.destination.verify) ?? null;
}
