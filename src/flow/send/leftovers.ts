import { forEachLimited } from "../../kernel/concurrency.ts";
import { hasCode } from "../../kernel/errors.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { FlowId } from "../ledger/flows.ts";
import { anyLitter, litter, litterAt } from "../ledger/segments.ts";
import type { ClaimedTransfer, TransferId } from "../transfer.ts";
import type { SendContext } from "./context.ts";
import type { Files } from "./contract.ts";

/** So many attempts back inflight names are looked for: a storm of kills makes many before one of them could tidy up. */
const ATTEMPTS_BACK = 64;

/** Removes one inflight file of ours. `false`: it may still be there, since the connection or the destination failed. */
export async function discard(files: Files, inflight: Bytes): Promise<boolean> {
  try {
    await files.remove(inflight);
    return true;
  } catch (error) {
    // Its directory is gone, or something else is under that name by now: nothing of ours is left there.
    return hasCode(error, "not-found", "wrong-type", "name-refused");
  }
}

/** Removes what the last attempts of a transfer may have left under their inflight names. */
export async function removeInflight(
  context: SendContext,
  files: Files,
  of: { id: TransferId; path: RelPath; attempts: number; keep?: number | null },
): Promise<boolean> {
  const names = new Set<Bytes>();
  for (let attempt = Math.max(1, of.attempts - ATTEMPTS_BACK + 1); attempt <= of.attempts; attempt++) {
    if (attempt === of.keep) continue;
    names.add(context.layout.inflight(of.path, { id: of.id, attempt }));
    if (context.settings.destination.accelerate !== null) names.add(context.layout.plainInflight({ id: of.id, attempt }));
  }
  const gone = await Promise.all([...names].map((name) => discard(files, name)));
  return gone.every(Boolean);
}

/**
 * Before a new try: what earlier tries and older versions of the path left goes, but for the parts
 * that this try goes on with. Not only for tidiness: a broken connection may still deliver its last
 * words, and a rename among them would put an older version over the one that is published now. Its
 * inflight file is gone then, and so it fails.
 */
export async function removeEarlier(context: SendContext, files: Files, transfers: ClaimedTransfer[]): Promise<void> {
  const { db } = context;
  const cluttered = [context.flow, ...context.former].filter((flow) => anyLitter(db, flow));
  const lefts = transfers.flatMap(({ id, change, fence, partial }) => [
    ...(fence.attempt > 1 ? [{ id, path: change.path, attempts: fence.attempt - 1, keep: partial }] : []),
    ...cluttered.flatMap((flow) => litterAt(db, flow, change.path, id)),
  ]);
  await forEachLimited(lefts, 32, async (left) => void (await removeInflight(context, files, left)));
}

const BATCH = 256;

/** Before a directory gets another name: inflight files of ended transfers in it would go along, and never be found again. */
export async function removeBelow(context: SendContext, files: Files, directory: RelPath): Promise<void> {
  for (const flow of [context.flow, ...context.former]) await removeBelowOf(context, files, directory, flow);
}

async function removeBelowOf(context: SendContext, files: Files, directory: RelPath, flow: FlowId): Promise<void> {
  let after = 0;
  for (;;) {
    const lefts = litter(context.db, flow, after, BATCH);
    const below = lefts.filter(({ path }) => path.startsWith(`${directory}/`));
    await forEachLimited(below, 32, async ({ id, path, attempts }) => void (await removeInflight(context, files, { id, path, attempts })));
    if (lefts.length < BATCH) return;
    after = lefts.at(-1)!.id;
  }
}
