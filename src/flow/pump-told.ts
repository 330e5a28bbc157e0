import type { Clock } from "../kernel/clock.ts";
import type { AttemptLog } from "./attempt-log.ts";
import { type FlowObserver, tellDelivered, tellFailed } from "./observer.ts";
import type { Receiver } from "./receive/receiver.ts";
import type { PumpEvents } from "./send/pump-events.ts";
import type { TableEntrance } from "./table/table-entrance.ts";

/** How attempts end, told to all who must know: the log, whoever counts, and the messages that wait for it. */
export function pumpTold(parts: {
  flow: string;
  attempts: AttemptLog;
  observers: FlowObserver[];
  clock: Clock;
  receiver: () => Receiver | null;
  table: () => TableEntrance | null;
}): Pick<PumpEvents, "originOf" | "ending" | "overtaken" | "delivered" | "failed"> {
  const { flow, attempts, observers, clock, receiver, table } = parts;
  return {
    originOf: (transfer, inode) => receiver()?.originOf(transfer, inode) ?? null,
    ending: (transfer, outcome) => (receiver() ?? table())?.ending(transfer, outcome) ?? outcome,
    overtaken: async (transfer) => (await receiver()?.overtaken(transfer)) ?? null,
    delivered: (transfer, outcome, startedAtMs) => {
      attempts.delivered(transfer, outcome, startedAtMs);
      receiver()?.ended(transfer, outcome);
      table()?.ended(outcome);
      tellDelivered(observers, flow, transfer, clock);
    },
    failed: (transfer, outcome) => {
      attempts.failed(transfer, outcome);
      receiver()?.ended(transfer, outcome);
      table()?.ended(outcome);
      tellFailed(observers, flow, transfer, outcome);
    },
  };
}
