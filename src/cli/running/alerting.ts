import { Alerts } from "../../daemon/alerts/alerts.ts";
import type { Log } from "../../kernel/log.ts";
import type { Companion } from "./companions.ts";

/** Messages to people, beside the flows. */
export function alertsCompanion(log: Log): Companion {
  return {
    name: "alerts",
    of: (settings) => settings.alerts,
    start: (daemon, { alerts }) => Promise.resolve(Alerts.start(daemon, alerts, log)),
  };
}
