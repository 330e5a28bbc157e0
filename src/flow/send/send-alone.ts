import { isFetched } from "../fetch/is-fetched.ts";
import type { ClaimedTransfer } from "../transfer.ts";
import { isAccelerated, sendAccelerated } from "./accelerate.ts";
import { findThere, linkThere } from "./already-there.ts";
import { sendBulk } from "./bulk.ts";
import { type ClaimedPut, failed, type Result, type SendContext } from "./context.ts";
import { ensureDurable } from "./durable.ts";
import { removeEarlier } from "./leftovers.ts";
import { sendFetched } from "./send-fetched.ts";
import { sendPack } from "./small.ts";
import { applyStructure } from "./structure.ts";

/** One transfer by itself: the cheapest way that leaves the right bytes under the final name, always proved the same way. */
export async function sendAlone(context: SendContext, transfer: ClaimedTransfer, signal: AbortSignal): Promise<Result> {
  const { change } = transfer;
  try {
    // Also before a removal or a rename: a late publish of an older version would undo it.
    await removeEarlier(context, context.link.lane().files, [transfer]);
  } catch (error) {
    return failed(error, change.kind, true);
  }
  if (change.kind !== "put") {
    const applied = await applyStructure(context, transfer, change, (put) => sendContent(context, put, signal));
    return await ensureDurable(context, change.path, applied);
  }
  const put: ClaimedPut = { ...transfer, change };
  try {
    const there =
      (transfer.adopt || transfer.bulk || isFetched(put) ? await findThere(context, put) : null) ?? (await linkThere(context, put));
    return await ensureDurable(context, change.path, there ?? (await sendContent(context, put, signal)));
  } catch (error) {
    return failed(error, "send", false);
  }
}

async function sendContent(context: SendContext, put: ClaimedPut, signal: AbortSignal): Promise<Result> {
  if (isFetched(put)) return await sendFetched(context, put, signal);
  const { accelerate } = context.settings.destination;
  if (accelerate !== null && isAccelerated(context, put.change.version.sizeBytes))
    return await sendAccelerated(context, put, accelerate.command, signal);
  if (put.bulk || !context.reader.canPack) return await sendBulk(context, put, signal);
  const [tried] = await sendPack(context, context.link.lane(), [put], signal);
  return tried!.result;
}
