import { rejectedPercent, type RowFacts, stateOf } from "./row.ts";
import type { Totals } from "./table.ts";

/** `sr3 status --json`: what the table shows, by names. */
export function statusFactsJson(rows: readonly RowFacts[], { processes, missing, strays, changed }: Totals, nowMs: number): object {
  return {
    configurations: rows.map((row) => ({
      name: row.name,
      state: stateOf(row, nowMs),
      reasons: row.states.flatMap(({ reason }) => reason ?? []),
      flows: { running: row.run.flows, wanted: row.run.wanted },
      changed: row.isChanged,
      counts: row.counts,
      retry: row.retry,
      brokers: row.brokers.map(({ role, isUp, reason }) => ({ role, up: isUp, reason })),
      queued: row.queued,
      lanes: row.lanes,
      lag:
        row.deliveries === null
          ? null
          : { max_s: row.deliveries.lagMaxS, mean_s: row.deliveries.lagMeanS, deliveries: row.deliveries.count },
      last: isoOf(row.deliveries?.lastAtMs ?? null),
      rejected_percent: rejectedPercent(row),
      rate: row.rates === null ? null : { files_per_s: row.rates.filesPerS, bytes_per_s: row.rates.bytesPerS },
      moves: row.moves,
    })),
    processes:
      processes === null
        ? null
        : {
            count: processes.count,
            uss_bytes: processes.ussBytes,
            rss_bytes: processes.rssBytes,
            vms_bytes: processes.vmsBytes,
            user_s: processes.userS,
            system_s: processes.systemS,
          },
    missing,
    strays,
    changed,
  };
}

function isoOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
