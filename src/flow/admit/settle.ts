import type { SteadyMs } from "../../kernel/clock.ts";
import type { Sighting } from "../detect/contract.ts";
import type { Known } from "../ledger/admissions.ts";
import type { Settle } from "../settings.ts";
import { sameVersion } from "../version.ts";

/** Where no lease tells whether somebody writes (a network file system, another owner's file), a file is complete when it kept still for so long. */
export const QUIET_WITHOUT_LEASE_MS = 10_000;
/** An incomplete file is looked at again after so long even if no event comes: events are hints. */
export const LOOK_AGAIN_MS = 15_000;

/** What an incomplete file waits for: its writer's close, quiet time, or its marker. Only quiet time ends by itself. */
export type WaitsFor = "writer" | "quiet" | "marker";
export type Completeness = { complete: true } | { complete: false; dueAt: SteadyMs; waitsFor: WaitsFor };

/**
 * Whether a file that was seen is complete, by the flow's rule.
 * @param markerThere whether the marker file stands beside it (asked only for rule `marker`).
 */
export function completeness(
  settle: Settle,
  sighting: Sighting & { kind: "file" },
  known: Known | null,
  now: SteadyMs,
  markerThere: boolean,
): Completeness {
  switch (settle.kind) {
    case "close":
      // An empty file may have been made just now, by a writer that is about to open it.
      if (sighting.writer === "none" || (sighting.writer === "unknown" && sighting.how === "event" && sighting.version.sizeBytes > 0))
        return { complete: true };
      if (sighting.writer === "open") return { complete: false, dueAt: now + LOOK_AGAIN_MS, waitsFor: "writer" };
      return still(QUIET_WITHOUT_LEASE_MS, sighting, known, now);
    case "quiet":
      return settle.quietMs === 0 ? { complete: true } : still(settle.quietMs, sighting, known, now);
    case "marker":
      return markerThere ? { complete: true } : { complete: false, dueAt: now + LOOK_AGAIN_MS, waitsFor: "marker" };
  }
}

/** The quiet time runs from the first sighting of this very version, on our own clock: a file's mtime may lie. */
function still(quietMs: number, sighting: Sighting & { kind: "file" }, known: Known | null, now: SteadyMs): Completeness {
  const same = known?.state === "settling" && known.version !== null && sameVersion(known.version, sighting.version);
  if (!same || known.dueAt === null) return { complete: false, dueAt: now + quietMs, waitsFor: "quiet" };
  return now >= known.dueAt ? { complete: true } : { complete: false, dueAt: known.dueAt, waitsFor: "quiet" };
}
