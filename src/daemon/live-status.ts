import type { Flow } from "../flow/flow.ts";
import type { Standing } from "../broker/standing.ts";
import { type BrokerUse, brokerUsesOf } from "./broker-uses.ts";
import type { Brokers } from "./brokers.ts";
import type { LiveBroker, LiveFlow } from "./control-protocol.ts";

const ACTIVE_SHOWN = 20;

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
    broker: brokerUsesOf(flow.settings).flatMap((use) => liveBroker(use, brokers.standingOf(use.settings))),
    notice: flow.notice,
  };
}

function liveBroker({ role }: BrokerUse, standing: Standing | null): LiveBroker[] {
  if (standing === null) return [];
  const { state, counts } = standing;
  const reason = "reason" in state ? state.reason : null;
  return [{ role, state: state.state, reason, queue: standing.use === "subscribe" ? standing.queue : null, counts }];
}
