import type { LiveFlow, LiveStatus } from "../../../daemon/control-protocol.ts";
import type { Database } from "../../../flow/ledger/database.ts";
import { type FlowId, flowId, haltReason, heldOf, tallyOf } from "../../../flow/ledger/flows.ts";
import { clockSkewMs } from "../../../flow/ledger/meta.ts";
import type { Standing } from "../../../service/standing.ts";
import type { Translated } from "../translation.ts";
import { lastActivity, recentDeliveries, retriesOf, togetherOf } from "./ledger-figures.ts";
import type { BrokerStanding, Deliveries, RowFacts } from "./row.ts";

/** One configuration: `translated` is null where it was never taken. */
export type Asked = {
  name: string;
  isDisabled: boolean;
  isFaulty: boolean;
  isLeft: boolean;
  isChanged: boolean;
  translated: Translated | null;
};

/** The facts of each, of the daemon's word, the ledger, and what is wanted. Only indexed questions. */
export function gatherRows(
  asked: readonly Asked[],
  parts: { db: Database | null; live: LiveStatus | null; standing: Standing; nowMs: number },
): RowFacts[] {
  const { db, live, standing, nowMs } = parts;
  const deliveries = db === null ? new Map<FlowId, Deliveries>() : recentDeliveries(db, nowMs);
  const steadyNow = db === null ? nowMs : nowMs - clockSkewMs(db, nowMs);
  const isWanted = live !== null || standing.wanted?.wanted === true;
  return asked.map((one) => {
    const names = one.translated?.flows ?? [];
    const ids = db === null ? [] : names.flatMap((name) => flowId(db, name) ?? []);
    const flows = names.flatMap((name) => live?.flows.find((flow) => flow.name === name) ?? []);
    const stopped = db === null ? 0 : ids.filter((id) => heldOf(db, id) === "stopped").length;
    const wanted = isWanted ? Math.max(flows.length, names.length - stopped) : 0;
    const halted = db === null || live !== null ? [] : ids.flatMap((id) => haltReason(db, id) ?? []);
    const last = db === null ? [] : ids.flatMap((id) => (deliveries.has(id) ? [] : (lastActivity(db, id) ?? [])));
    return {
      name: one.name,
      standing: standingOf(one, { runs: flows.length, wanted, isForeground: standing.owner?.keeper === "person" }),
      states: [
        ...flows.map(({ state, reason, notice }) => ({ state, reason: reason ?? notice })),
        ...halted.map((reason) => ({ state: "halted" as const, reason })),
      ],
      run: { flows: flows.length, wanted },
      isChanged: one.isChanged,
      counts: db === null || ids.length === 0 ? null : countsOf(db, ids),
      retry: db === null ? 0 : ids.reduce((sum, id) => sum + retriesOf(db, id, steadyNow), 0),
      brokers: flows.flatMap(brokersOf),
      queued: queuedOf(flows),
      lanes: lanesOf(flows, one.translated?.moves ?? "none"),
      deliveries: togetherOf(
        ids.map((id) => deliveries.get(id)),
        last.length === 0 ? null : Math.max(...last),
      ),
      rates:
        flows.length === 0
          ? null
          : { filesPerS: total(flows, ({ filesPerS }) => filesPerS), bytesPerS: total(flows, ({ bytesPerS }) => bytesPerS) },
      moves: one.translated?.moves ?? "none",
    };
  });
}

function standingOf(
  one: Asked,
  { runs, wanted, isForeground }: { runs: number; wanted: number; isForeground: boolean },
): RowFacts["standing"] {
  if (one.isDisabled && runs === 0) return "disabled";
  if (runs > 0) return runs < wanted ? "partial" : isForeground ? "foreground" : "running";
  if (one.isFaulty) return "faulty";
  if (one.isLeft) return "left";
  return wanted > 0 ? "missing" : "stopped";
}

function countsOf(db: Database, ids: readonly FlowId[]): NonNullable<RowFacts["counts"]> {
  const sum = { seen: 0, ignored: 0, queued: 0, sending: 0, delivered: 0, dead: 0, superseded: 0 };
  for (const id of ids) {
    const tally = tallyOf(db, id);
    for (const key of ["seen", "ignored", "queued", "sending", "delivered", "dead", "superseded"] as const) sum[key] += tally[key];
  }
  return sum;
}

/** What moves no bytes has no lanes. */
function lanesOf(flows: readonly LiveFlow[], moves: Translated["moves"]): RowFacts["lanes"] {
  if (flows.length === 0 || moves === "none") return null;
  return { open: total(flows, ({ lanes }) => lanes.open), max: total(flows, ({ lanes }) => lanes.max) };
}

function total(flows: readonly LiveFlow[], pick: (flow: LiveFlow) => number): number {
  return flows.reduce((sum, flow) => sum + pick(flow), 0);
}

function brokersOf({ broker }: LiveFlow): BrokerStanding[] {
  return broker.map(({ role, state, reason }) => ({ role, isUp: state === "ready", reason }));
}

/** Of all queues that tell. What another host set aside for later waits as well. */
function queuedOf(flows: readonly LiveFlow[]): number | null {
  const known = flows.flatMap(({ broker }) =>
    broker.flatMap(({ queue }) => (queue === null || queue.messages === null ? [] : [queue.messages + (queue.waiting ?? 0)])),
  );
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}
