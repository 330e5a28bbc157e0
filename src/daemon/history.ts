import type { Database } from "../flow/ledger/database.ts";
import { flowId } from "../flow/ledger/flows.ts";
import { prune } from "../flow/ledger/history.ts";
import type { FlowSettings } from "../flow/settings.ts";
import type { TransferId } from "../flow/transfer.ts";
import type { Clock } from "../kernel/clock.ts";

const BETWEEN_PARTS_MS = 200;
const BETWEEN_PASSES_MS = 3600_000;

/** Drops what is older than each flow's `history`: a pass an hour over the whole ledger, a part at a time, so that nothing waits for it. */
export function keepHistory(db: Database, settings: () => FlowSettings[], clock: Clock, broken: (error: unknown) => void): Disposable {
  const places = new Map<FlowSettings, TransferId>();
  let timer = setTimeout(step, BETWEEN_PARTS_MS);
  function step(): void {
    try {
      for (const flow of places.size > 0 ? [...places.keys()] : settings()) pruneOf(db, flow, clock, places);
      timer = setTimeout(step, places.size > 0 ? BETWEEN_PARTS_MS : BETWEEN_PASSES_MS);
    } catch (error) {
      broken(error);
    }
  }
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function pruneOf(db: Database, flow: FlowSettings, clock: Clock, places: Map<FlowSettings, TransferId>): void {
  const id = flowId(db, flow.name);
  const { next } = id === null ? { next: null } : prune(db, id, clock.wall() - flow.historyMs, places.get(flow) ?? 0);
  if (next === null) places.delete(flow);
  else places.set(flow, next);
}
