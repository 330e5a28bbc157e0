import type { FileHandle } from "node:fs/promises";
import { hasCode } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import { recordSegment, type Segment } from "../ledger/segments.ts";
import { type ClaimedPut, type SendContext } from "./context.ts";
import type { WritableFile } from "./contract.ts";
import type { Lane } from "./link.ts";
import { streamSegment } from "./stream-segment.ts";

/** Parts of one file under way on one lane: while the last answers of one are awaited, the next one flows. */
const SEGMENTS_PER_LANE = 2;
/** A lane may open while the others are busy: they are counted again so often. */
const LOOK_MS = 100;

type Work = {
  context: SendContext;
  put: ClaimedPut;
  source: FileHandle;
  inflight: Bytes;
  todo: Segment[];
  journal: boolean;
  stop: AbortController;
  signal: AbortSignal;
};

/** Sends the parts of `plan`: each open lane takes the next ones; lanes that open meanwhile join, and a part whose lane broke goes to another. */
export async function sendSegments(
  context: SendContext,
  put: ClaimedPut,
  source: FileHandle,
  inflight: Bytes,
  plan: Segment[],
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const work: Work = {
    context,
    put,
    source,
    inflight,
    todo: [...plan].reverse(),
    journal: plan.length > 1,
    stop,
    signal: AbortSignal.any([signal, stop.signal]),
  };
  const running = new Map<Lane, Promise<void>>();
  while (!work.signal.aborted && (work.todo.length > 0 || running.size > 0)) {
    for (const lane of context.link.lanes) {
      if (work.todo.length === 0 || running.has(lane)) continue;
      running.set(
        lane,
        runLane(work, lane).finally(() => running.delete(lane)),
      );
    }
    if (running.size === 0) context.link.lane();
    await Promise.race([...running.values(), context.clock.sleep(LOOK_MS, work.signal).catch(() => undefined)]);
  }
  await Promise.all(running.values());
  work.signal.throwIfAborted();
}

/** Ends when nothing is left to do, or when this lane is of no more use; any other failure stops the whole. */
async function runLane(work: Work, lane: Lane): Promise<void> {
  const { context, inflight } = work;
  lane.holds++;
  let target: WritableFile | null = null;
  try {
    target = await lane.files.reopen(inflight);
    const open = target;
    // All of them have ended before the lane is given up: what they could not send is back in `todo` then.
    const ended = await Promise.allSettled(Array.from({ length: SEGMENTS_PER_LANE }, () => takeSegments(work, lane, open)));
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  } catch (error) {
    const othersGoOn =
      hasCode(error, "connection-lost", "connection-stalled", "protocol-violation") && context.link.lanes.some((other) => other !== lane);
    if (!othersGoOn) work.stop.abort(error);
  } finally {
    lane.holds--;
    await target?.close().catch(() => undefined);
  }
}

async function takeSegments(work: Work, lane: Lane, target: WritableFile): Promise<void> {
  const { context, put, todo } = work;
  for (let segment = todo.pop(); segment !== undefined; segment = todo.pop()) {
    let sentBytes = 0;
    try {
      await streamSegment(context, lane, work.source, target, segment, {
        signal: work.signal,
        acknowledged: (bytes) => {
          sentBytes += bytes;
          context.progress.sent(put, bytes);
        },
      });
    } catch (error) {
      context.progress.sent(put, -sentBytes);
      todo.push(segment);
      throw error;
    }
    if (work.journal) recordSegment(context.db, put.id, segment);
  }
}
