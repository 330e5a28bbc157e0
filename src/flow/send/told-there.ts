import type { Bytes } from "../../kernel/path.ts";
import { type Fetched, toldDigest } from "../fetch/is-fetched.ts";
import { newestDigest, wasDelivered } from "../ledger/receipts.ts";
import type { Proof } from "../receipt.ts";
import { algorithmOf, type ClaimedPut, type Result, type SendContext } from "./context.ts";
import type { Lane } from "./link.ts";
import { attributesOf, mtimeSeconds, prove } from "./publish.ts";
import { hasCode } from "../../kernel/errors.ts";
import type { Digest } from "../digest.ts";
import { BULK_ABOVE_BYTES } from "../transfer.ts";

/**
 * Proves what stands at the destination by the digest that a message told; null: it is not that. The receipt has a digest
 * of the kind that the flow asks for, so where that is another one the bytes are read once more.
 */
export async function proveTold(context: SendContext, lane: Lane, at: Bytes, told: Digest, sizeBytes: number): Promise<Proof | null> {
  const large = sizeBytes > BULK_ABOVE_BYTES;
  const readBack = large ? await context.link.bulkReadBack(lane) : context.link.readBack(lane);
  const [found] = await readBack.digest(told.algorithm, [{ path: at, large }]);
  if (found?.hex !== told.hex) return null;
  const algorithm = algorithmOf(context);
  if (algorithm === null || algorithm === told.algorithm) return { basis: "digest", digest: found };
  const [asked] = await readBack.digest(algorithm, [{ path: at, large }]);
  return asked ? { basis: "digest", digest: asked } : null;
}

/** Whether the final name holds what was announced already: another host brought it, or we before a crash. null: it is to be fetched. */
export async function findToldThere(context: SendContext, put: ClaimedPut & Fetched): Promise<Result | null> {
  const { change } = put;
  const { version, path } = change;
  const algorithm = algorithmOf(context);
  const told = toldDigest(put);
  const earlier = algorithm === null ? null : newestDigest(context.db, context.flow, path, version, algorithm);
  const known = algorithm === null ? wasDelivered(context.db, context.flow, path, version) : told !== null || earlier !== null;
  if (!known) return null;
  const lane = context.link.lane();
  const final = context.layout.final(path);
  const facts = await lane.files.lstat(final);
  if (facts?.kind !== "file" || (put.origin.sizeKnown && facts.sizeBytes !== version.sizeBytes)) return null;
  if (context.settings.destination.preserve.mtime && !put.adopt && facts.mtimeS !== mtimeSeconds(version.mtimeNs)) return null;
  try {
    const proof =
      told === null || algorithm === null
        ? await prove(context, lane, final, { digest: earlier, sizeBytes: facts.sizeBytes })
        : await proveTold(context, lane, final, told, facts.sizeBytes);
    if (proof === null) return null;
    await lane.files.setAttributes(final, attributesOf(context, change));
    return { kind: "delivered", receipt: { proof, durable: false }, method: "found" };
  } catch (error) {
    if (hasCode(error, "digest-mismatch", "digest-unavailable", "not-found")) return null;
    throw error;
  }
}
