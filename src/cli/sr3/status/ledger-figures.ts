import type { Database } from "../../../flow/ledger/database.ts";
import type { FlowId } from "../../../flow/ledger/flows.ts";
import { BIN_MS } from "../../../flow/ledger/activity.ts";
import type { Deliveries } from "./row.ts";

/** As far back as sr3 looks, whose figures begin anew every five minutes. */
export const WINDOW_MS = 300_000;
/** At most so many attempts are looked at, so that the answer comes at once however busy the flows are. */
const ATTEMPTS_MAX = 20_000;
const RETRY_COUNTED_MAX = 100_000;

/**
 * The deliveries of the last five minutes, by flow. The lag of each: from its message's pubTime, or from when the change was
 * seen, to its receipt. Of a very busy ledger the newest 20,000 attempts only.
 */
export function recentDeliveries(db: Database, nowMs: number): Map<FlowId, Deliveries> {
  const newest = db.get<{ id: number | null }>("SELECT max(id) AS id FROM attempt")?.id ?? 0;
  const found = new Map<FlowId, Deliveries>();
  const rows = db.each<{ flow: number; ended: number; told: number }>(
    `SELECT t.flow AS flow, a.ended_at AS ended, coalesce(m.pub_time / 1000000, t.seen_at) AS told
     FROM attempt AS a JOIN transfer AS t ON t.id = a.transfer LEFT JOIN message AS m ON m.transfer = t.id
     WHERE a.id > ? AND a.outcome = 'delivered' ORDER BY a.id DESC`,
    newest - ATTEMPTS_MAX,
  );
  for (const { flow, ended, told } of rows) {
    const before = found.get(flow) ?? { lagMaxS: 0, lagMeanS: 0, count: 0, lastAtMs: ended };
    found.set(flow, before);
    if (ended < nowMs - WINDOW_MS) continue;
    const lagS = Math.max(0, ended - told) / 1000;
    before.lagMaxS = Math.max(before.lagMaxS, lagS);
    before.lagMeanS += (lagS - before.lagMeanS) / ++before.count;
  }
  return found;
}

/** To five minutes, where the newest attempts tell nothing of the flow. */
export function lastActivity(db: Database, flow: FlowId): number | null {
  const bin = db.get<{ bin: number | null }>("SELECT max(bin) AS bin FROM activity WHERE flow = ? AND delivered > 0", flow)?.bin ?? null;
  return bin === null ? null : bin * BIN_MS;
}

/** Transfers that failed before and wait for their next try. */
export function retriesOf(db: Database, flow: FlowId, steadyNow: number): number {
  const waiting = [0, 1].map(
    (bulk) =>
      db.get<{ n: number }>(
        "SELECT count(*) AS n FROM (SELECT 1 FROM transfer WHERE flow = ? AND state = 'queued' AND bulk = ? AND due_at > ? AND failures > 0 LIMIT ?)",
        flow,
        bulk,
        Math.round(steadyNow),
        RETRY_COUNTED_MAX,
      )?.n ?? 0,
  );
  return waiting.reduce((sum, count) => sum + count, 0);
}

export function togetherOf(parts: ReadonlyArray<Deliveries | undefined>, lastMs: number | null): Deliveries | null {
  const known = parts.filter((part) => part !== undefined);
  const count = known.reduce((sum, part) => sum + part.count, 0);
  const lastAtMs = known.reduce<number | null>(
    (last, part) => (part.lastAtMs === null ? last : Math.max(last ?? 0, part.lastAtMs)),
    lastMs,
  );
  if (count === 0 && lastAtMs === null) return null;
  return {
    count,
    lastAtMs,
    lagMaxS: Math.max(0, ...known.map(({ lagMaxS }) => lagMaxS)),
    lagMeanS: count === 0 ? 0 : known.reduce((sum, part) => sum + part.lagMeanS * part.count, 0) / count,
  };
}
