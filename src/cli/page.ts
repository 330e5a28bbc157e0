import { serveDashboard } from "../dashboard/serve.ts";
import type { Daemon } from "../daemon/daemon.ts";
import type { Log } from "../kernel/log.ts";
import type { Companion } from "./companions.ts";

/** The web page beside the flows. `metrics`: what it serves at /metrics; null: nothing. */
export function pageCompanion(log: Log, metrics: (() => Promise<string>) | null): Companion {
  return {
    name: "the page",
    of: (settings) => settings.page,
    start: (daemon, { page }) => Promise.resolve(page.kind === "off" ? null : serveDashboard(page, servedBy(daemon, metrics), log)),
  };
}

function servedBy(daemon: Daemon, metrics: (() => Promise<string>) | null): Parameters<typeof serveDashboard>[1] {
  return {
    stateDirectory: daemon.stateDirectory,
    status: () => daemon.status(),
    settings: () => daemon.set.configuration.flows,
    answer: (request) => daemon.answer(request),
    metrics,
    serving: (address) => void (daemon.page = address),
  };
}
