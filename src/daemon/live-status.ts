import type { Flow } from "../flow/flow.ts";
import type { LiveFlow } from "./control-protocol.ts";

const ACTIVE_SHOWN = 20;

export function liveStatus(flow: Flow): LiveFlow {
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
  };
}
