import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { join, type RelPath } from "../../kernel/path.ts";
import { newest } from "../ledger/admissions.ts";
import type { Database } from "../ledger/database.ts";
import { type FileSet, hasNewerSet } from "../ledger/file-sets.ts";
import type { FlowId } from "../ledger/flows.ts";
import { countReceiptsBelow, hasStandingReceipt } from "../ledger/receipts.ts";
import type { WholeRule } from "../settings.ts";
import { type Wholeness, wholeness } from "./wholeness.ts";

export type SetMoment = {
  now: { wall: WallMs; steady: SteadyMs };
  /** Before that nobody looked: quiet time counts from there. */
  watchedSince: SteadyMs;
  /** Told when members were counted and are fewer: from so many arrivals on they are worth being counted again. Without it none is counted. */
  recounted?: (atArrivals: number) => void;
};

/** Whether a set is whole by its rule, as the ledger knows it. Few steps in indexes, whatever the size of the set. */
export function wholenessOf(db: Database, flow: FlowId, set: FileSet, rule: WholeRule, moment: SetMoment): Wholeness {
  return wholeness(rule, {
    timecode: set.timecode,
    hasNewer: () => hasNewerSet(db, flow, set),
    marker: () => markerOf(db, flow, rule.kind === "marker" ? join(set.path, rule.marker) : set.path),
    members: (wanted) => members(db, flow, set, wanted, moment),
    quietSince: Math.max(set.newsAt, moment.watchedSince),
    now: moment.now,
  });
}

function markerOf(db: Database, flow: FlowId, path: RelPath): "there" | "absent" | "ignored" {
  const known = newest(db, flow, path);
  if (known?.state === "ignored") return "ignored";
  const isOpen = known !== null && ["settling", "queued", "sending", "dead"].includes(known.state);
  const comes = isOpen && ["put", "link", "rename"].includes(known.kind);
  return comes || hasStandingReceipt(db, flow, path) ? "there" : "absent";
}

/**
 * Each arrival counts, so there may be fewer members than that (removed, renamed away) and never more. They are counted
 * one by one only where they may suffice; and after that not before so many more arrived as were lacking.
 */
function members(db: Database, flow: FlowId, set: FileSet, wanted: number, { recounted }: SetMoment): number {
  if (set.arrivals < wanted) return set.arrivals;
  if (set.arrivals < set.recountAt) return wanted - (set.recountAt - set.arrivals);
  if (recounted === undefined) return set.arrivals;
  const counted = countReceiptsBelow(db, flow, set.path, wanted);
  if (counted < wanted) recounted(set.arrivals + wanted - counted);
  return counted;
}
