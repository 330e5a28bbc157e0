import type { Result } from "./context.ts";
import { algorithmOf, type ClaimedPut, type SendContext, sourceDigest } from "./context.ts";
import { wasDelivered } from "../ledger/receipts.ts";
import { otherName } from "../ledger/segments.ts";
import { isFetched } from "../fetch/is-fetched.ts";
import { inflightOf } from "./layout.ts";
import { attributesOf, judge, mtimeSeconds, prove, publish } from "./publish.ts";
import { findToldThere } from "./told-there.ts";
import { hasCode } from "../../kernel/errors.ts";

/**
 * Whether the final name holds the right bytes already (a crash after the publish, a moved
 * directory, a tree that another tool brought): then they are proved like any others and nothing is
 * sent. null: they have to be sent.
 */
export async function findThere(context: SendContext, put: ClaimedPut): Promise<Result | null> {
  if (isFetched(put)) return await findToldThere(context, put);
  const { change } = put;
  const algorithm = algorithmOf(context);
  // Without digests a size proves nothing of content: only what the ledger knows to have been sent counts as found.
  if (algorithm === null && !wasDelivered(context.db, context.flow, change.path, change.version)) return null;
  const lane = context.link.lane();
  const final = context.layout.final(change.path);
  const facts = await lane.files.lstat(final);
  if (facts?.kind !== "file" || facts.sizeBytes !== change.version.sizeBytes) return null;
  const kept = context.settings.destination.preserve.mtime;
  if (kept && !put.adopt && facts.mtimeS !== mtimeSeconds(change.version.mtimeNs)) return null;
  const digest = algorithm === null ? null : await sourceDigest(context, put, change.version, algorithm);
  try {
    const proof = await prove(context, lane, final, { digest, sizeBytes: change.version.sizeBytes });
    await lane.files.setAttributes(final, attributesOf(context, change));
    return { kind: "delivered", receipt: { proof, durable: false }, method: "found" };
  } catch (error) {
    if (hasCode(error, "digest-mismatch", "digest-unavailable", "not-found")) return null;
    throw error;
  }
}

/** A further name of a file that was delivered under another: a hard link at the destination, proved like a copy. null: send it. */
export async function linkThere(context: SendContext, put: ClaimedPut): Promise<Result | null> {
  const { change } = put;
  const algorithm = algorithmOf(context);
  const lane = context.link.lane();
  if (change.links < 2 || algorithm === null || !context.settings.source.propagate.has("link") || !lane.files.features.hardlink)
    return null;
  const other = otherName(context.db, context.flow, change.path, change.version);
  if (other?.digest?.algorithm !== algorithm) return null;
  const inflight = context.layout.inflight(change.path, inflightOf(put));
  const { files } = lane;
  try {
    await context.parents.ensure(files, inflight);
    await files.remove(inflight);
    await files.hardlink(context.layout.final(other.path), inflight);
    const [found] = await context.link.readBack(lane).digest(algorithm, [{ path: inflight }]);
    const proof = judge(inflight, other.digest, found ?? null);
    await publish(context, files, inflight, change.path);
    // Renaming one name of a file over another of the same file does nothing (POSIX rename): ours goes.
    await files.remove(inflight);
    return { kind: "delivered", receipt: { proof, durable: false }, method: "linked" };
  } catch (error) {
    if (hasCode(error, "connection-lost", "connection-stalled")) throw error;
    await files.remove(inflight).catch(() => undefined);
    return null;
  }
}
