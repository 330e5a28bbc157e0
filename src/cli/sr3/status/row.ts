/** How it stands with a broker, as far as this host knows. */
export type BrokerStanding = { role: "subscribe" | "publish" | "announce"; isUp: boolean; reason: string | null };

/** The newest deliveries of a configuration's flows. */
export type Deliveries = {
  lagMaxS: number;
  lagMeanS: number;
  count: number;
  /** When the last one was; null: none that the ledger still tells of. */
  lastAtMs: number | null;
};

/** What is known of one configuration. Counts are of all its flows. */
export type RowFacts = {
  name: string;
  standing: "disabled" | "stopped" | "missing" | "partial" | "faulty" | "left" | "running" | "foreground";
  /** What the daemon says of its flows, the worst of them first. */
  states: Array<{ state: "running" | "paused" | "waiting" | "halted" | "stopped"; reason: string | null }>;
  /** Of how many flows of it run, of how many that should. */
  run: { flows: number; wanted: number };
  /** Its file, or one that it includes, was changed since it was taken. */
  isChanged: boolean;
  counts: { seen: number; ignored: number; queued: number; sending: number; delivered: number; dead: number; superseded: number } | null;
  retry: number;
  brokers: BrokerStanding[];
  /** Messages that wait in its queue; null: it has none, or the broker did not tell. */
  queued: number | null;
  lanes: { open: number; max: number } | null;
  deliveries: Deliveries | null;
  rates: { filesPerS: number; bytesPerS: number } | null;
  /** Which way its bytes go. `none`: it moves messages only. */
  moves: "in" | "out" | "none";
};

export const IDLE_AFTER_S = 900;
export const LAG_S = 30;
export const RETRY_MAX = 1000;
export const REJECT_PERCENT = 80;

export type StateWord =
  | "disa"
  | "faul"
  | "left"
  | "stop"
  | "miss"
  | "part"
  | "halt"
  | "wVip"
  | "paus"
  | "wait"
  | "rtry"
  | "lag"
  | "reje"
  | "idle"
  | "run"
  | "fore";

/** By the first rule that holds, in sr3's order: what keeps it from working first, then what is unusual. */
export function stateOf(facts: RowFacts, nowMs: number): StateWord {
  const { standing, states } = facts;
  if (standing === "disabled") return "disa";
  if (standing === "faulty") return "faul";
  if (standing === "left") return "left";
  if (standing === "stopped") return "stop";
  if (standing === "missing") return "miss";
  if (standing === "partial") return "part";
  if (states.some(({ state }) => state === "halted")) return "halt";
  if (states.some(({ state, reason }) => state === "paused" && reason?.startsWith("passive") === true)) return "wVip";
  if (states.some(({ state }) => state === "paused")) return "paus";
  if (states.some(({ state }) => state === "waiting") || facts.brokers.some(({ isUp }) => !isUp)) return "wait";
  if (facts.retry > RETRY_MAX) return "rtry";
  if ((facts.deliveries?.lagMeanS ?? 0) > LAG_S) return "lag";
  if ((rejectedPercent(facts) ?? 0) > REJECT_PERCENT) return "reje";
  if (standing === "foreground") return "fore";
  const isBusy = (facts.counts?.sending ?? 0) + (facts.counts?.queued ?? 0) > 0;
  const lastMs = facts.deliveries?.lastAtMs ?? null;
  return !isBusy && (lastMs === null || nowMs - lastMs > IDLE_AFTER_S * 1000) ? "idle" : "run";
}

/** Of all that was ever seen; null: nothing was. */
export function rejectedPercent({ counts }: RowFacts): number | null {
  return counts === null || counts.seen === 0 ? null : (100 * counts.ignored) / counts.seen;
}
