import { runEvery } from "../kernel/ending.ts";
import type { Entrance } from "./entrance.ts";
import type { Fetching } from "./fetch/contract.ts";
import type { FlowEnd } from "./flow-end.ts";
import type { Receiver } from "./receive/receiver.ts";
import type { Pumping } from "./send/pumping.ts";
import type { TableEntrance } from "./table/table-entrance.ts";

const STOP_BOUND_MS = 10_000;

type Held = AsyncDisposable | null;

/** All that a flow at work holds. `intake` is `receiver`, or `table`, where it has one of them. */
export type FlowParts = {
  intake: Entrance;
  receiver: Receiver | null;
  table: TableEntrance | null;
  pump: Pumping;
  attempts: Disposable;
  retention: AsyncDisposable;
  completion: Held;
  outbox: Held;
  end: FlowEnd;
  reader: AsyncDisposable;
  fetching: Fetching | null;
};

/** Nothing new comes in, what is under way ends or is handed back, then the connections. Whatever one of them says, the others end, too. */
export function endInOrder(parts: FlowParts, tell: (error: unknown) => void): Promise<void> {
  const { intake, receiver, table, pump, attempts, retention, completion, outbox, end, reader, fetching } = parts;
  return runEvery(
    [
      // What is being sent may still end, and its message is then done.
      () => (receiver === null ? (table?.leave() ?? intake[Symbol.asyncDispose]()) : void receiver.leave(STOP_BOUND_MS)),
      () => pump.stop(STOP_BOUND_MS).catch(tell),
      () => receiver?.[Symbol.asyncDispose](),
      () => attempts[Symbol.dispose](),
      () => retention[Symbol.asyncDispose](),
      () => completion?.[Symbol.asyncDispose](),
      // Its rows are told of the last attempts and removals.
      () => table?.[Symbol.asyncDispose](),
      () => outbox?.[Symbol.asyncDispose](),
      () => end[Symbol.asyncDispose](),
      () => reader[Symbol.asyncDispose](),
      () => fetching?.origins[Symbol.asyncDispose](),
    ],
    tell,
  );
}
