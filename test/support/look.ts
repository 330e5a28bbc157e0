import { openEngine } from "../../src/cli/engine.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { statusJson } from "../../src/daemon/json/status-json.ts";
import { statusFacts } from "../../src/daemon/status-facts.ts";
import type { DaemonPlace } from "./daemon.ts";
import { parseStatus, type Status } from "./facts.ts";

/**
 * What `hotdir status --json` would say, without a process for it: for waiting, which asks often. null: that cannot be told from here.
 * Whoever asserts something asks the command line.
 */
export async function lookAtStatus(place: DaemonPlace): Promise<Status | null> {
  if (process.env["HOTDIR_TEST_PROGRAM"] !== undefined) return null;
  try {
    const loaded = loadConfiguration(place.configFile, { env: place.env ?? {}, homeDirectory: place.home, defaultSsh: ["ssh"] });
    if (!loaded.ok) return null;
    using engine = await openEngine(place.stateDirectory);
    const facts = statusFacts({ settings: loaded.configuration.flows, db: engine.db, live: engine.live, nowMs: Date.now() });
    return parseStatus(JSON.stringify(statusJson(facts)));
  } catch {
    return null;
  }
}
