import type { WallMs } from "../../kernel/clock.ts";
import type { Database } from "./database.ts";
import type { FlowId } from "./flows.ts";
import type { TransferStory } from "./story.ts";

/** How many transfers are taken before a queued one; `atLeast`: nobody counts further. `oldestSeenAtMs`: of those ahead. */
export type QueuePlace = { ahead: number; atLeast: boolean; oldestSeenAtMs: WallMs | null };

/** Counting is quick in the index, but not free. */
const COUNTED_MAX = 200_000;

/** The place of a queued transfer among those of its class (small or large), by the index that claims use. */
export function queuePlace(db: Database, flow: FlowId, transfer: Pick<TransferStory, "id" | "dueAt" | "bulk">): QueuePlace {
  if (transfer.dueAt === null) return { ahead: 0, atLeast: false, oldestSeenAtMs: null };
  const key = [flow, transfer.bulk ? 1 : 0, transfer.dueAt, transfer.dueAt, transfer.id] as const;
  const ahead = "FROM transfer WHERE flow = ? AND state = 'queued' AND bulk = ? AND due_at <= ? AND (due_at < ? OR id < ?)";
  const counted = db.get<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 ${ahead} LIMIT ${COUNTED_MAX + 1})`, ...key)?.n ?? 0;
  const oldest = db.get<{ seen_at: number }>(`SELECT seen_at ${ahead} ORDER BY due_at, id LIMIT 1`, ...key)?.seen_at ?? null;
  return { ahead: Math.min(counted, COUNTED_MAX), atLeast: counted > COUNTED_MAX, oldestSeenAtMs: oldest };
}
