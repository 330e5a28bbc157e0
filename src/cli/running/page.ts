import { serveDashboard, type Served } from "../../dashboard/serve.ts";
import type { Daemon } from "../../daemon/daemon.ts";
import type { Log } from "../../kernel/log.ts";
import type { Companion } from "./companions.ts";

/** The web page beside the flows. `metrics`: what it serves at /metrics; null: nothing. */
export function pageCompanion(log: Log, metrics: (() => Promise<string>) | null): Companion {
  return {
    name: "the page",
    of: (settings) => settings.page,
    async start(daemon, { page }) {
      if (page.kind === "off") return null;
      const dashboard = await serveDashboard(page, servedBy(daemon, metrics), log);
      daemon.page = dashboard.address;
      return {
        async [Symbol.asyncDispose]() {
          daemon.page = null;
          await dashboard[Symbol.asyncDispose]();
        },
      };
    },
  };
}

function servedBy(daemon: Daemon, metrics: (() => Promise<string>) | null): Served {
  return {
    stateDirectory: daemon.stateDirectory,
    status: () => daemon.status(),
    settings: () => daemon.set.configuration.flows,
    answer: (request) => daemon.answer(request),
    metrics,
  };
}
