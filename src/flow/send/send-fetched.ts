import { HotdirError, hasCode } from "../../kernel/errors.ts";
import { type Bytes, show } from "../../kernel/path.ts";
import type { OriginFile } from "../fetch/contract.ts";
import { type Fetched, toldDigest } from "../fetch/is-fetched.ts";
import { recordFetchedSize } from "../ledger/fetched-size.ts";
import { beginPartial, forgetPartial, recordSegment } from "../ledger/segments.ts";
import type { Proof } from "../receipt.ts";
import { algorithmOf, type ClaimedPut, failed, isConnectionTrouble, type Result, type SendContext } from "./context.ts";
import type { WritableFile } from "./contract.ts";
import { algorithmsFor, forgetPart, keepPart, type Part, partToGoOnWith, RunningDigests } from "./fetched-part.ts";
import { inflightOf } from "./layout.ts";
import { discard } from "./leftovers.ts";
import type { Lane } from "./link.ts";
import { OrderedWriter } from "./ordered-writer.ts";
import { openFetched, refuseOther } from "./fetched-source.ts";
import { attributesOf, DEFAULT_FILE_MODE, prove, publish, readableAttributesOf, withhold } from "./publish.ts";
import { SEGMENT_BYTES } from "./segment-plan.ts";
import { spaceShortage } from "./space.ts";
import { proveTold } from "./told-there.ts";

/** Bytes of one file on their way through this process: of a small one, of a large one. There are many small ones at once. */
const SMALL_WINDOW_BYTES = 256 * 1024;
const LARGE_WINDOW_BYTES = 4 * 1024 * 1024;
/** Chunks that come in smaller pieces are gathered. */
const PIECE_BYTES = 128 * 1024;
/** A file that tells no size is not let fill the destination: room is looked at so often. */
const LOOK_AT_ROOM_BYTES = 64 * 1024 * 1024;

/** One try: what it writes to, and whether it is worth going on with. */
type Try = {
  context: SendContext;
  put: ClaimedPut & Fetched;
  signal: AbortSignal;
  lane: Lane;
  inflight: Bytes;
  /** Parts are written down: the file is large. */
  journaled: boolean;
  /** A part was written down by this try. */
  progressed: boolean;
};

/**
 * Brings a file that is not on this machine: from its origin, or out of its message, straight into the inflight name, hashed on
 * the way. What came must be what the message told; then it is read back and published like any other.
 */
export async function sendFetched(context: SendContext, put: ClaimedPut & Fetched, signal: AbortSignal): Promise<Result> {
  const { change } = put;
  const lane = context.link.lane();
  const large = change.version.sizeBytes > context.settings.destination.segmentAboveBytes;
  const work: Try = { context, put, signal, lane, inflight: "" as Bytes, journaled: large, progressed: false };
  lane.holds++;
  try {
    const part = large ? partToGoOnWith(context, put) : null;
    await using source = await openFetched(context, put, { from: part, windowBytes: windowOf(put), signal });
    const target = await openTarget(work, part, source);
    const { sizeBytes, digests } = await pour(work, source, target);
    const proof = await proveFetched(work, digests, sizeBytes);
    await withhold(lane.files, work.inflight, attributesOf(context, change).mode);
    await publish(context, lane.files, work.inflight, change.path);
    forgetPart(context, put.id);
    return { kind: "delivered", receipt: { proof, durable: false }, method: "fetched" };
  } catch (error) {
    return await abandon(work, error);
  } finally {
    lane.holds--;
  }
}

function windowOf(put: ClaimedPut): number {
  return put.bulk ? LARGE_WINDOW_BYTES : SMALL_WINDOW_BYTES;
}

type Target = { file: WritableFile; offset: number; digests: RunningDigests | null };

/** The inflight file of the try before, where the origin goes on with it; else a new one under this attempt's own name, which is written down first. */
async function openTarget(work: Try, part: Part | null, source: OriginFile): Promise<Target> {
  const { context, put, lane } = work;
  if (part !== null && source.offset === part.offset) {
    work.inflight = context.layout.inflight(put.change.path, inflightOf(put));
    try {
      const file = await lane.files.reopen(work.inflight);
      context.log.info(`going on with ${show(put.change.path)} after ${part.offset} bytes`);
      context.progress.sent(put, part.offset);
      return { file, offset: part.offset, digests: part.digests?.copy() ?? null };
    } catch (error) {
      if (!hasCode(error, "not-found", "wrong-type")) throw error;
      forgetPartial(context.db, put.id);
      forgetPart(context, put.id);
      throw new HotdirError("origin-lost", {
        operation: "go on",
        path: work.inflight,
        detail: "its first part is gone; it begins anew",
        cause: error,
      });
    }
  }
  const { attempt } = put.fence;
  forgetPart(context, put.id);
  if (work.journaled) beginPartial(context.db, put.id, attempt);
  work.inflight = context.layout.inflight(put.change.path, { id: put.id, attempt });
  await context.parents.ensure(lane.files, work.inflight);
  const file = await context.parents.within(lane.files, work.inflight, () =>
    lane.files.create(work.inflight, { mode: DEFAULT_FILE_MODE, exclusive: true }),
  );
  return { file, offset: 0, digests: RunningDigests.begin(algorithmsFor(context, put)) };
}

/** All bytes into the target, written when this resolves. What came is held to what the message told, as far as it tells. */
async function pour(work: Try, source: OriginFile, target: Target): Promise<{ sizeBytes: number; digests: RunningDigests | null }> {
  const { context, put, lane, signal } = work;
  const { file, digests } = target;
  const marks = new Marks(work, source, target.offset);
  const writer = new OrderedWriter(file, {
    lane,
    start: target.offset,
    windowBytes: windowOf(put),
    acknowledged: (upTo, bytes) => {
      context.progress.sent(put, bytes);
      marks.written(upTo);
    },
  });
  let at = target.offset;
  try {
    const limit = source.sizeBytes ?? (put.origin.sizeKnown ? put.change.version.sizeBytes : null);
    for await (const chunk of inPieces(source.chunks)) {
      if (limit !== null && at + chunk.length > limit) throw await refuseOther(context, put, `more than ${limit} bytes came`);
      await context.bandwidth.take(chunk.length, signal);
      digests?.update(chunk);
      await writer.write(chunk, signal);
      at += chunk.length;
      marks.reached(at, digests);
      if (limit === null && at % LOOK_AT_ROOM_BYTES < chunk.length) await refuseWithoutRoom(work, at);
    }
    await writer.settled();
    await file.setAttributes(readableAttributesOf(context, put.change));
  } finally {
    await writer.settled().catch(() => undefined);
    await file.close().catch(() => undefined);
  }
  await refuseUntold(work, at, digests);
  return { sizeBytes: at, digests };
}

/** Throws where what came is not what the message told. */
async function refuseUntold({ context, put }: Try, sizeBytes: number, digests: RunningDigests | null): Promise<void> {
  const { version } = put.change;
  if (put.origin.sizeKnown && sizeBytes !== version.sizeBytes)
    throw await refuseOther(context, put, `${sizeBytes} bytes came, ${version.sizeBytes} were announced`);
  if (!put.origin.sizeKnown) recordFetchedSize(context.db, put, sizeBytes);
  const told = toldDigest(put);
  const came = told === null ? null : (digests?.digest(told.algorithm) ?? null);
  if (told !== null && came !== null && came.hex !== told.hex)
    throw await refuseOther(context, put, `${told.algorithm} ${came.hex.slice(0, 16)}… came, ${told.hex.slice(0, 16)}… was announced`);
}

/** By the digest of what came; of what was gone on with after a restart, by the digest that was told. */
async function proveFetched(work: Try, digests: RunningDigests | null, sizeBytes: number): Promise<Proof> {
  const { context, put, lane, inflight } = work;
  const told = toldDigest(put);
  const algorithm = algorithmOf(context);
  if (digests !== null || told === null)
    return await prove(context, lane, inflight, { digest: algorithm === null ? null : (digests?.digest(algorithm) ?? null), sizeBytes });
  const proof = await proveTold(context, lane, inflight, told, sizeBytes);
  if (proof === null) throw await refuseOther(context, put, "what was gone on with is not what was announced");
  return algorithm === null ? await prove(context, lane, inflight, { digest: null, sizeBytes }) : proof;
}

/** The ends of parts: each is written down once all before it is known to be written, with what going on from there needs. */
class Marks {
  readonly #work: Try;
  readonly #source: OriginFile;
  readonly #waiting: Array<{ start: number; end: number; digests: RunningDigests | null }> = [];
  #start: number;

  constructor(work: Try, source: OriginFile, start: number) {
    this.#work = work;
    this.#source = source;
    this.#start = start;
  }

  reached(at: number, digests: RunningDigests | null): void {
    if (!this.#work.journaled || at - this.#start < SEGMENT_BYTES) return;
    this.#waiting.push({ start: this.#start, end: at, digests: digests?.copy() ?? null });
    this.#start = at;
    // What came last may have been acknowledged before it was marked.
    this.written(this.#written);
  }
  #written = 0;

  written(upTo: number): void {
    this.#written = Math.max(this.#written, upTo);
    const { context, put } = this.#work;
    while (this.#waiting.length > 0 && this.#waiting[0]!.end <= this.#written) {
      const { start, end, digests } = this.#waiting.shift()!;
      recordSegment(context.db, put.id, { start, lengthBytes: end - start });
      this.#work.progressed = true;
      if (digests !== null) keepPart(context, put.id, { offset: end, version: this.#source.version, digests });
    }
  }
}

async function refuseWithoutRoom({ context, lane }: Try, sizeBytes: number): Promise<void> {
  const short = spaceShortage(await lane.files.space(context.layout.root), context.settings.destination.keepFree, false);
  if (short === null) return;
  throw new HotdirError("file-too-large", { operation: "fetch", detail: `its size was not told, and after ${sizeBytes} bytes: ${short}` });
}

async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    gathered.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE_BYTES) continue;
    yield gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered, bytes);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) yield gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered, bytes);
}

/** What is worth going on with stays; the rest is removed as far as the connection allows. An origin that cuts off, and gives more each time, is only slow. */
async function abandon(work: Try, error: unknown): Promise<Result> {
  const { context, put, lane, inflight } = work;
  const result = failed(unlessProgressed(work, error), "fetch", inflight !== "");
  const { code, scope } = result.error;
  const passes = isConnectionTrouble(result.error) || scope === "origin" || code === "interrupted";
  if (passes && work.journaled) return result;
  // What could not be gone on with is no use to a later try either; that one removes it.
  if (work.journaled) forgetPartial(context.db, put.id);
  forgetPart(context, put.id);
  return inflight === "" || isConnectionTrouble(result.error) ? result : { ...result, litter: !(await discard(lane.files, inflight)) };
}

function unlessProgressed(work: Try, error: unknown): unknown {
  if (!work.progressed || !hasCode(error, "origin-cut")) return error;
  return new HotdirError("origin-lost", {
    operation: "fetch",
    ...(error.host === undefined ? {} : { host: error.host }),
    detail: error.detail ?? error.message,
    cause: error,
  });
}
