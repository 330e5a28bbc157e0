import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Bus } from "./bus.ts";
import type { FlowEntry } from "./finish/retention.ts";
import type { RunId } from "./ledger/claims.ts";
import type { Database } from "./ledger/database.ts";
import type { FlowObserver } from "./observer.ts";
import type { FlowSettings } from "./settings.ts";

export type FlowState = { state: "running" | "stopped"; reason: null } | { state: "paused" | "waiting" | "halted"; reason: string };

/** What a flow is made of. */
export type FlowOptions = {
  settings: FlowSettings;
  db: Database;
  run: RunId;
  clock: Clock;
  log: Log;
  /** The brokers of flows that are told, or tell. */
  bus: Bus;
  /** All flows of the daemon: two may share a source. */
  all: () => FlowEntry[];
  observers: FlowObserver[];
  /** Anything that `status` or `run --until-idle` look at. */
  changed: () => void;
  broken: (error: unknown) => void;
};
