import { forEachLimited } from "../../kernel/concurrency.ts";
import { HotdirError, hasCode } from "../../kernel/errors.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";
import { PACK_FILES_MAX, PACK_ROOM_BYTES } from "../read/source-reader.ts";
import { type Packed, packedBytes, type PackFile, READABLE } from "../read/pack.ts";
import type { Proof } from "../receipt.ts";
import {
  algorithmOf,
  type ClaimedPut,
  failed,
  notReadError,
  otherThanTold,
  type Result,
  type SendContext,
  sourceFile,
  type Tried,
} from "./context.ts";
import type { Files, RemoteShell, WritableFile } from "./contract.ts";
import { ensureDurable } from "./durable.ts";
import { inflightOf } from "./layout.ts";
import { discard, removeEarlier } from "./leftovers.ts";
import type { Lane } from "./link.ts";
import { attributesOf, DEFAULT_FILE_MODE, judge, judgeSize, mtimeSeconds, prove, publish, withhold } from "./publish.ts";

/** Files of one pack that are open at the destination at once; servers allow some hundreds a connection. */
const OPEN_FILES_MAX = 64;

type Digests = Promise<Array<Digest | null>>;

/** Cuts claimed files into packs that fit a buffer, in order. Each file alone fits one. Pure. */
export function intoPacks(context: SendContext, puts: ClaimedPut[]): ClaimedPut[][] {
  const packs: ClaimedPut[][] = [];
  let roomBytes = 0;
  for (const put of puts) {
    const bytes = packedBytes({ name: context.layout.inflightName(put.change.path, inflightOf(put)), version: put.change.version });
    if (packs.length === 0 || bytes > roomBytes || packs.at(-1)!.length >= PACK_FILES_MAX) {
      packs.push([]);
      roomBytes = PACK_ROOM_BYTES;
    }
    packs.at(-1)!.push(put);
    roomBytes -= bytes;
  }
  return packs;
}

/**
 * Sends one pack of small files: read and hashed on a thread, then as one tar stream where the far
 * side has a shell, one by one over SFTP where it has none, or where tar complained: so one bad
 * file never takes its neighbours down, and every file has its own outcome.
 */
export async function sendPack(context: SendContext, lane: Lane, puts: ClaimedPut[], signal: AbortSignal): Promise<Tried[]> {
  const shell = context.link.shell;
  const tar = shell !== null && shell.tools.tar;
  using filled = await context.reader.pack(
    puts.map((put) => asPackFile(context, put)),
    { tar, algorithm: algorithmOf(context), chmod: context.settings.destination.chmod },
  );
  await removeEarlier(context, lane.files, puts);
  await context.bandwidth.take(filled.bytes.length, signal);
  const items = puts.map((put, at) => new Item(context, put, filled.packed[at]!));
  const good = items.filter((item) => item.result === null);
  lane.loadBytes += filled.bytes.length;
  try {
    if (good.length > 0 && tar) {
      // Asked for in one breath, so that the far side goes from one to the other without a round trip.
      const unpacking = unpackAll(context, lane, shell, filled.bytes, good, signal);
      const found = askDigests(context, lane, good);
      if (await unpacking) await finishPack(context, lane, good, found);
    }
    const rest = good.filter((item) => item.result === null);
    await forEachLimited(rest, Math.min(OPEN_FILES_MAX, lane.files.features.handlesMax), (item) =>
      sendOne(context, lane, item, filled.bytes),
    );
  } finally {
    lane.loadBytes -= filled.bytes.length;
  }
  return await Promise.all(
    items.map(async ({ put, result }) => ({
      transfer: put,
      result: await ensureDurable(context, put.change.path, result!),
      bytes: put.change.version.sizeBytes,
    })),
  );
}

/** One file of a pack on its way. `result` is set once. */
class Item {
  readonly put: ClaimedPut;
  readonly packed: Packed;
  readonly inflight: Bytes;
  readonly digest: Digest | null;
  result: Result | null = null;

  constructor(context: SendContext, put: ClaimedPut, packed: Packed) {
    this.put = put;
    this.packed = packed;
    this.inflight = context.layout.inflight(put.change.path, inflightOf(put));
    const algorithm = algorithmOf(context);
    this.digest = packed.kind === "packed" && packed.hex !== null && algorithm !== null ? { algorithm, hex: packed.hex } : null;
    const error =
      packed.kind !== "packed" ? notReadError(context, put, packed) : this.digest === null ? null : otherThanTold(put, this.digest);
    if (error !== null) this.result = failed(error, "read", false);
  }
}

function asPackFile(context: SendContext, put: ClaimedPut): PackFile {
  const { preserve } = context.settings.destination;
  const { version, path } = put.change;
  const { path: source, boundary, follow } = sourceFile(context, put);
  return {
    source,
    boundary,
    follow,
    version,
    name: context.layout.inflightName(path, inflightOf(put)),
    mode: preserve.mode ? null : DEFAULT_FILE_MODE,
    mtimeS: preserve.mtime ? mtimeSeconds(version.mtimeNs) : Math.floor(context.clock.wall() / 1000),
  };
}

/** `false`: tar complained about something; what it left undone goes by SFTP. Connection troubles are every file's. */
async function unpackAll(
  context: SendContext,
  lane: Lane,
  shell: RemoteShell,
  bytes: Buffer,
  items: Item[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    signal.throwIfAborted();
    await shell.unpack(context.layout.inflightRoot, bytes.length, [bytes]);
    return true;
  } catch (error) {
    if (!(error instanceof HotdirError) || (error.scope !== "connection" && error.scope !== "destination")) {
      context.log.debug(`a pack of ${items.length} files was not unpacked; they go one by one: ${String(error)}`);
      return false;
    }
    await Promise.all(items.map(async (item) => void (item.result = await abandoned(lane, item, error, "unpack"))));
    return false;
  }
}

/** null where the flow asks for no digests. Its failure is told where it is awaited. */
function askDigests(context: SendContext, lane: Lane, items: Item[]): Digests | null {
  const algorithm = algorithmOf(context);
  if (algorithm === null) return null;
  const found = context.link.readBack(lane).digest(
    algorithm,
    items.map((item) => ({ path: item.inflight })),
  );
  found.catch(() => undefined);
  return found;
}

async function finishPack(context: SendContext, lane: Lane, items: Item[], found: Digests | null): Promise<void> {
  const proofs = await proveAll(context, lane, items, found);
  await Promise.all(
    items.map(async (item, at) => {
      const proof = proofs[at]!;
      if (proof instanceof Error) {
        // Not there, or not right: it goes once more, alone, unless the connection is what failed.
        if (hasCode(proof, "digest-unavailable")) return;
        item.result = await abandoned(lane, item, proof, "verify");
        return;
      }
      try {
        await restoreMode(lane.files, item);
        await publish(context, lane.files, item.inflight, item.put.change.path);
        item.result = { kind: "delivered", receipt: { proof, durable: false }, method: "bundled" };
      } catch (error) {
        item.result = await abandoned(lane, item, error, "publish");
      }
    }),
  );
}

/** A proof or the error for each item. */
async function proveAll(context: SendContext, lane: Lane, items: Item[], found: Digests | null): Promise<Array<Proof | Error>> {
  if (context.settings.destination.verify === "none") return items.map(() => ({ basis: "none" }));
  try {
    if (found === null) {
      const facts = await Promise.all(items.map((item) => lane.files.lstat(item.inflight)));
      return items.map((item, at) => attempt(() => judgeSize(item.inflight, item.put.change.version.sizeBytes, facts[at]!)));
    }
    const digests = await found;
    return items.map((item, at) => attempt(() => judge(item.inflight, item.digest!, digests[at] ?? null)));
  } catch (error) {
    const reason = failed(error, "verify", true).error;
    return items.map(() => reason);
  }
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

/** Exclusively, so that no link that somebody put there is followed; what tar may have left of this very attempt goes first. */
async function createAnew(files: Files, inflight: Bytes): Promise<WritableFile> {
  try {
    return await files.create(inflight, { mode: DEFAULT_FILE_MODE, exclusive: true });
  } catch (error) {
    if (!hasCode(error, "exists")) throw error;
    await files.remove(inflight);
    return await files.create(inflight, { mode: DEFAULT_FILE_MODE, exclusive: true });
  }
}

async function sendOne(context: SendContext, lane: Lane, item: Item, bytes: Buffer): Promise<void> {
  const { change } = item.put;
  const { files } = lane;
  try {
    const { offset, sizeBytes, mode } = item.packed as Packed & { kind: "packed" };
    await context.parents.ensure(files, item.inflight);
    const file = await context.parents.within(files, item.inflight, () => createAnew(files, item.inflight));
    await Promise.all([
      sizeBytes > 0 ? file.write(bytes.subarray(offset, offset + sizeBytes), 0) : undefined,
      file.setAttributes({ ...attributesOf(context, change), mode: mode | READABLE }),
      file.close(),
    ]);
    const proof = await prove(context, lane, item.inflight, { digest: item.digest, sizeBytes });
    await restoreMode(files, item);
    await publish(context, files, item.inflight, change.path);
    item.result = { kind: "delivered", receipt: { proof, durable: false }, method: "sent" };
  } catch (error) {
    item.result = await abandoned(lane, item, error, "send");
  }
}

async function restoreMode(files: Files, item: Item): Promise<void> {
  await withhold(files, item.inflight, item.packed.kind === "packed" ? item.packed.mode : undefined);
}

/** A failed try takes its inflight file with it where it can: a full destination needs the room. */
async function abandoned(lane: Lane, item: Item, error: unknown, operation: string): Promise<Result> {
  const result = failed(error, operation, true);
  return result.error.scope === "connection" ? result : { ...result, litter: !(await discard(lane.files, item.inflight)) };
}
