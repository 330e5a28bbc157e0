import { type FileHandle, open } from "node:fs/promises";
import { type Bytes, show } from "../../kernel/path.ts";
import { closeFd, errnoName } from "../../kernel/native.ts";
import type { Digest } from "../digest.ts";
import { beginPartial, forgetPartial, forgetSegments, recordSegment, type Segment, writtenSegments } from "../ledger/segments.ts";
import { notReadFor } from "../read/pack.ts";
import { SourceOpener } from "../read/source-opener.ts";
import { sameVersion, versionOf } from "../version.ts";
import {
  algorithmOf,
  type ClaimedPut,
  failed,
  isConnectionTrouble,
  isToldOf,
  notReadError,
  type Result,
  type SendContext,
  sourceDigest,
  sourceFile,
} from "./context.ts";
import { inflightOf } from "./layout.ts";
import { discard } from "./leftovers.ts";
import { attributesOf, DEFAULT_FILE_MODE, prove, publish, readableAttributesOf, withhold } from "./publish.ts";
import { segmentsToSend } from "./segment-plan.ts";
import { sendSegments } from "./lane-segments.ts";

/**
 * Sends one file that is too large for a pack: in parts, over as many lanes as there are, into its
 * inflight name; then the whole is read back and published. Parts that were acknowledged are kept in
 * the ledger, so that after a break only what was under way is sent again; none is trusted unread.
 */
export async function sendBulk(context: SendContext, put: ClaimedPut, signal: AbortSignal): Promise<Result> {
  const { change } = put;
  let inflight = context.layout.inflight(change.path, inflightOf(put));
  let source: FileHandle | null = null;
  try {
    source = await openVersion(context, put);
    const algorithm = algorithmOf(context);
    const digest = algorithm === null ? Promise.resolve(null) : sourceDigest(context, put, change.version, algorithm);
    digest.catch(() => undefined);
    // Bytes that are not those that were told of need not travel.
    if (isToldOf(put)) await digest;
    const { segmentAboveBytes } = context.settings.destination;
    const segmented = change.version.sizeBytes > segmentAboveBytes;
    // Opened while the bytes flow, so that it need not be waited for afterwards.
    if (segmented && algorithm !== null) void context.link.bulkReadBack(context.link.lane());
    const written = segmented ? await trustedSegments(context, put, inflight) : [];
    if (written.length === 0) inflight = await beginInflight(context, put, segmented);
    const plan = segmentsToSend(change.version.sizeBytes, segmentAboveBytes, written);
    context.progress.sent(put, change.version.sizeBytes - plan.reduce((sum, segment) => sum + segment.lengthBytes, 0));
    await sendSegments(context, put, source, inflight, plan, signal);
    const asItIs = await withPresentMode(put, source);
    await finishInflight(context, asItIs, inflight);
    await refuseChanged(context, put, source);
    return await proveAndPublish(context, asItIs, inflight, { digest: await digest, method: segmented ? "segmented" : "sent" });
  } catch (error) {
    return await abandon(context, put, inflight, error);
  } finally {
    await source?.close();
  }
}

/** Reads back and publishes. Shared with the accelerator. */
export async function proveAndPublish(
  context: SendContext,
  put: ClaimedPut,
  inflight: Bytes,
  sent: { digest: Digest | null; method: "sent" | "segmented" | "accelerated" },
): Promise<Result> {
  const lane = context.link.lane();
  const proof = await prove(context, lane, inflight, { digest: sent.digest, sizeBytes: put.change.version.sizeBytes });
  await withhold(lane.files, inflight, attributesOf(context, put.change).mode);
  await publish(context, lane.files, inflight, put.change.path);
  return { kind: "delivered", receipt: { proof, durable: false }, method: sent.method };
}

/** Never over a symlink, wherever it stands below the root; the descriptor is opened once more as a handle of its own. */
export async function openVersion(context: SendContext, put: ClaimedPut): Promise<FileHandle> {
  const { path, boundary, follow } = sourceFile(context, put);
  using opener = new SourceOpener(boundary);
  const descriptor = opener.open(path, follow);
  if (descriptor < 0) throw notReadError(context, put, notReadFor(errnoName(descriptor)));
  const handle = await open(`/proc/self/fd/${descriptor}`).finally(() => closeFd(descriptor));
  try {
    await refuseChanged(context, put, handle);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function refuseChanged(context: SendContext, put: ClaimedPut, source: FileHandle): Promise<void> {
  const now = await source.stat({ bigint: true });
  if (!now.isFile() || !sameVersion(versionOf(now), put.change.version)) throw notReadError(context, put, { kind: "changed" });
}

/** A new inflight file under this attempt's own name, which is written down before the file is made. */
async function beginInflight(context: SendContext, put: ClaimedPut, segmented: boolean): Promise<Bytes> {
  const { attempt } = put.fence;
  if (segmented) beginPartial(context.db, put.id, attempt);
  const inflight = context.layout.inflight(put.change.path, { id: put.id, attempt });
  const { files } = context.link.lane();
  await context.parents.ensure(files, inflight);
  const file = await context.parents.within(files, inflight, () => files.create(inflight, { mode: DEFAULT_FILE_MODE, exclusive: true }));
  await file.close();
  return inflight;
}

/** The parts of an earlier try whose bytes at the destination are still those of the source: both ends are read. */
async function trustedSegments(context: SendContext, put: ClaimedPut, inflight: Bytes): Promise<Segment[]> {
  const journaled = writtenSegments(context.db, put.id);
  if (journaled.length === 0 || put.partial === null) return [];
  const algorithm = algorithmOf(context) ?? "sha256";
  const lane = context.link.lane();
  const readBack = await context.link.bulkReadBack(lane);
  const there = await readBack.digest(
    algorithm,
    journaled.map((segment) => ({ path: inflight, range: { offset: segment.start, lengthBytes: segment.lengthBytes } })),
  );
  const trusted: Segment[] = [];
  for (const [at, segment] of journaled.entries()) {
    const here = await context.reader.digest(sourceFile(context, put), put.change.version, algorithm, {
      offset: segment.start,
      lengthBytes: segment.lengthBytes,
    });
    if (here.kind !== "digest") throw notReadError(context, put, here);
    if (there[at]?.hex === here.hex) trusted.push(segment);
  }
  if (trusted.length < journaled.length) {
    forgetSegments(context.db, put.id);
    for (const segment of trusted) recordSegment(context.db, put.id, segment);
  }
  context.log.info(`resuming ${show(put.change.path)}: ${trusted.length} of ${journaled.length} parts were read back and kept`);
  return trusted;
}

/** The mode may have changed since the file was seen; that makes no other version. */
async function withPresentMode(put: ClaimedPut, source: FileHandle): Promise<ClaimedPut> {
  return { ...put, change: { ...put.change, mode: (await source.stat()).mode & 0o7777 } };
}

/** Mode and mtime. Shared with the accelerator. */
export async function finishInflight(context: SendContext, put: ClaimedPut, inflight: Bytes): Promise<void> {
  const file = await context.link.lane().files.reopen(inflight);
  await Promise.all([file.setAttributes(readableAttributesOf(context, put.change)), file.close()]);
}

/** What is worth keeping for a resume is kept; the rest is removed as far as the connection allows. */
async function abandon(context: SendContext, put: ClaimedPut, inflight: Bytes, error: unknown): Promise<Result> {
  const result = failed(error, "send", true);
  if (isConnectionTrouble(error) || result.error.code === "interrupted") return result;
  forgetPartial(context.db, put.id);
  const lane = context.link.pick();
  return { ...result, litter: lane === null || !(await discard(lane.files, inflight)) };
}
