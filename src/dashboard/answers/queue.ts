import { isoMs, pathFields, secondsOf } from "../../kernel/json-fields.ts";
import type { Database } from "../../flow/ledger/database.ts";
import { type FlowId, tallyOf } from "../../flow/ledger/flows.ts";
import { oldestOpen } from "../../flow/ledger/open-rows.ts";
import type { Bin } from "./histogram.ts";
import type { QueueSurvey } from "./queue-survey.ts";

const OLDEST_SHOWN = 5;

/** What waits in a flow. The totals and the oldest are of now; ages and sizes were counted at `counted_at`. */
export function queueOf(db: Database, flow: { id: FlowId; name: string }, survey: QueueSurvey, nowMs: number): object {
  const tally = tallyOf(db, flow.id);
  const { last, counting } = survey.ask(nowMs);
  return {
    flow: flow.name,
    waiting: tally.settling + tally.queued + tally.sending,
    queued_bytes: tally.queuedBytes,
    oldest: oldestOpen(db, flow.id, OLDEST_SHOWN).map((open) => ({
      ...pathFields(open.path),
      state: open.state,
      size: open.sizeBytes,
      seen_at: isoMs(open.seenAtMs),
    })),
    counted:
      last === null
        ? null
        : { at: isoMs(last.countedAtMs), took_s: secondsOf(last.tookMs), files: last.histograms.files, bytes: last.histograms.bytes },
    counting: counting?.files ?? null,
    ages: last === null ? [] : last.histograms.ages.map((bin) => binJson(bin, "below_s", 1000)),
    sizes: last === null ? [] : last.histograms.sizes.map((bin) => binJson(bin, "below_bytes", 1)),
  };
}

function binJson({ below, files, bytes }: Bin, name: string, unit: number): object {
  return { [name]: below === null ? null : below / unit, files, bytes };
}
