import type { Clock, SteadyMs } from "../../kernel/clock.ts";
import type { RetainSettings } from "../settings.ts";

/** When the file of a delivered row may go, on the ledger's clock; its time counts from its registration. null: it stays. */
export function removalDueAt(retain: RetainSettings, registeredAtS: number, clock: Pick<Clock, "wall" | "steady">): SteadyMs | null {
  switch (retain.kind) {
    case "keep":
      return null;
    case "hold":
      return clock.steady();
    case "delete":
      return clock.steady() + registeredAtS * 1000 + retain.afterMs - clock.wall();
  }
}
