import type { Flow } from "../flow/flow.ts";
import type { BusState, QueueFacts } from "../flow/bus.ts";
import { type BrokerUse, brokerUsesOf } from "./broker-uses.ts";
import type { Brokers } from "./brokers.ts";
import type { LiveBroker, LiveFlow } from "./control-protocol.ts";

const ACTIVE_SHOWN = 20;

type Standing = { state: BusState; counts: Record<string, number>; queue?: QueueFacts };

export function liveStatus(flow: Flow, brokers: Pick<Brokers, "standingOf">): LiveFlow {
  const { state, reason } = flow.state;
  const { filesPerS, bytesPerS } = flow.rate.look(flow.pump.active.totals, performance.now());
  return {
    name: flow.settings.name,
    state,
    reason,
    lanes: flow.end.lanes,
    filesPerS,
    bytesPerS,
    watching: flow.intake.watching,
    readBack: flow.end.readBack,
    active: flow.pump.active.list(ACTIVE_SHOWN).map(({ transfer, sentBytes, startedAtMs }) => ({
      transfer: transfer.id,
      path: transfer.change.path,
      kind: transfer.change.kind,
      sizeBytes: transfer.change.kind === "put" ? transfer.change.version.sizeBytes : 0,
      sentBytes: Math.max(0, sentBytes),
      startedAtMs,
    })),
    activeCount: flow.pump.underWay,
    broker: brokerUsesOf(flow.settings).flatMap((use) => liveBroker(use, standingOf(use, flow, brokers))),
    table: flow.table === null ? null : { reason: flow.table.trouble, readAtMs: flow.table.readAtMs, counts: { ...flow.table.counts } },
    notice: flow.notice,
  };
}

function standingOf(use: BrokerUse, flow: Flow, brokers: Pick<Brokers, "standingOf">): Standing | null {
  if (use.role !== "subscribe") return brokers.standingOf(use.settings);
  // Its settings may have been widened for what is held back.
  const subscription = flow.receiver?.subscription ?? null;
  if (subscription === null) return null;
  const { state, queue, counts } = subscription;
  return { state, queue, counts };
}

function liveBroker({ role }: BrokerUse, standing: Standing | null): LiveBroker[] {
  if (standing === null) return [];
  const { state, counts, queue = null } = standing;
  return [{ role, state: state.state, reason: "reason" in state ? state.reason : null, queue, counts: { ...counts } }];
}
