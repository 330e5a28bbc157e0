import { formatAge, formatMany } from "../../kernel/readable.ts";
import type { AlertConditions } from "../../flow/settings.ts";
import { alertKinds, type AlertKind, type Condition, keyOf, type Look } from "./decide.ts";

/** How a flow stands, as far as alerts are concerned. */
export type Sight = {
  flow: string;
  on: AlertConditions;
  state: "running" | "paused" | "waiting" | "halted" | "stopped";
  reason: string | null;
  /** A connection to the destination is open. */
  reached: boolean;
  freshnessMs: number | null;
  /** For how long it may send, since the last pause; Infinity: there was none. */
  sendsForMs: number;
  dead: number;
  /** Why the destination has too little space; null: it has enough; undefined: not known. */
  shortage: string | null | undefined;
};

/** What is wrong now. */
export function lookAt(sights: Sight[]): Look {
  const conditions: Condition[] = [];
  const watched = new Set<string>();
  const unknown = new Set<string>();
  for (const sight of sights) {
    for (const alert of alertKinds) {
      const found = looks[alert](sight);
      if (found === "unwatched") continue;
      const key = keyOf(sight.flow, alert);
      watched.add(key);
      if (found === "unknown") unknown.add(key);
      else if (found !== null) conditions.push({ flow: sight.flow, alert, afterMs: 0, amount: 0, ...found });
    }
  }
  return { conditions, watched, unknown };
}

type Found = { summary: string; afterMs?: number; amount?: number } | null | "unknown" | "unwatched";

const looks: Record<AlertKind, (sight: Sight) => Found> = {
  waiting: ({ flow, on, state, reason, reached }) => {
    if (on.waitingAboveMs === null) return "unwatched";
    if (state === "waiting")
      return {
        summary: `${flow} has waited for its destination for more than ${formatAge(on.waitingAboveMs)}: ${reason}`,
        afterMs: on.waitingAboveMs,
      };
    // Between two tries, and at the start, a flow that never gets through runs as well.
    return state === "running" && !reached ? "unknown" : null;
  },
  halted: ({ flow, on, state, reason }) =>
    on.halted ? (state === "halted" ? { summary: `${flow} is halted: ${reason}` } : null) : "unwatched",
  freshness: ({ flow, on, state, freshnessMs, sendsForMs }) => {
    if (on.freshnessAboveMs === null) return "unwatched";
    if (freshnessMs === null) return null;
    // Outside of its hours, on the passive host, or by a person's wish it falls behind, which nobody has to be told; nor
    // that what gathered meanwhile is old.
    if (state === "paused" || state === "stopped") return "unknown";
    return Math.min(freshnessMs, sendsForMs) > on.freshnessAboveMs
      ? { summary: `${flow} is ${formatAge(freshnessMs)} behind: the oldest change that is not delivered is that old` }
      : null;
  },
  "dead-letter": ({ flow, on, dead }) => {
    if (!on.deadLetter) return "unwatched";
    return dead > 0 ? { summary: `${flow} has ${formatMany(dead, "dead letter")}; 'hotdir dead ${flow}' says why`, amount: dead } : null;
  },
  "low-space": ({ flow, on, shortage }) => {
    if (!on.lowSpace) return "unwatched";
    if (shortage === undefined) return "unknown";
    return shortage === null ? null : { summary: `the destination of ${flow} has too little space: ${shortage}` };
  },
};

/** What is told when it is over. */
export function overText(flow: string, alert: AlertKind): string {
  const texts: Record<AlertKind, string> = {
    waiting: `${flow} does not wait for its destination any more`,
    halted: `${flow} is not halted any more`,
    freshness: `${flow} has caught up`,
    "dead-letter": `${flow} has no dead letters any more`,
    "low-space": `the destination of ${flow} has space again`,
  };
  return texts[alert];
}
