import { HotdirError, hasCode } from "../../kernel/errors.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import { changedMode } from "../chmod.ts";
import type { Digest } from "../digest.ts";
import { READABLE } from "../read/pack.ts";
import type { Proof } from "../receipt.ts";
import { algorithmOf, type SendContext } from "./context.ts";
import { BULK_ABOVE_BYTES } from "../transfer.ts";
import type { Attributes, FileFacts, Files } from "./contract.ts";
import type { Lane } from "./link.ts";

/**
 * Proves that the bytes at `at` are those of the source, by what the flow asks for. This happens
 * before they get their final name, so that wrong bytes are never published.
 * Throws `digest-mismatch`, `digest-unavailable`.
 */
export async function prove(
  context: SendContext,
  lane: Lane,
  at: Bytes,
  expected: { digest: Digest | null; sizeBytes: number },
): Promise<Proof> {
  const algorithm = algorithmOf(context);
  if (algorithm !== null && expected.digest !== null) {
    const large = expected.sizeBytes > BULK_ABOVE_BYTES;
    const readBack = large ? await context.link.bulkReadBack(lane) : context.link.readBack(lane);
    const [found] = await readBack.digest(algorithm, [{ path: at, large }]);
    return judge(at, expected.digest, found ?? null);
  }
  if (context.settings.destination.verify === "none") return { basis: "none" };
  return judgeSize(at, expected.sizeBytes, await lane.files.lstat(at));
}

export function judge(at: Bytes, expected: Digest, found: Digest | null): Proof {
  if (found === null) throw new HotdirError("digest-unavailable", { operation: "verify", path: at });
  if (found.hex !== expected.hex) {
    throw new HotdirError("digest-mismatch", {
      operation: "verify",
      path: at,
      detail: `${expected.algorithm} ${found.hex.slice(0, 16)}… there, ${expected.hex.slice(0, 16)}… here`,
    });
  }
  return { basis: "digest", digest: found };
}

export function judgeSize(at: Bytes, sizeBytes: number, facts: FileFacts | null): Proof {
  if (facts === null) throw new HotdirError("digest-unavailable", { operation: "verify", path: at, detail: "it is not there" });
  if (facts.sizeBytes !== sizeBytes)
    throw new HotdirError("digest-mismatch", {
      operation: "verify",
      path: at,
      detail: `${facts.sizeBytes} bytes there, ${sizeBytes} here`,
    });
  return { basis: "size" };
}

/** The atomic step: the inflight name becomes the final one. Its directory is made where it is missing. */
export async function publish(context: SendContext, files: Files, inflight: Bytes, path: RelPath): Promise<void> {
  const final = context.layout.final(path);
  await context.parents.ensure(files, final);
  await context.parents.within(files, final, () =>
    context.gate === null ? files.replace(inflight, final) : publishNew(context, files, inflight, { path, final }),
  );
}

type Place = { path: RelPath; final: Bytes };

/**
 * Over nothing that somebody else brought: where a catalog says what is there, another program that knows the same catalog may be
 * delivering a file of the same name, and has removed its source by the time that ours would replace its bytes.
 */
async function publishNew(context: SendContext, files: Files, inflight: Bytes, { path, final }: Place): Promise<void> {
  try {
    // A rename would replace what is there; a link cannot.
    await files.hardlink(inflight, final);
  } catch (error) {
    if (hasCode(error, "exists")) return await publishOver(context, files, inflight, { path, final });
    // A file system without hard links: a look is all that there is.
    if (!hasCode(error, "unsupported", "permission-denied")) throw error;
    if ((await files.lstat(final)) !== null) return await publishOver(context, files, inflight, { path, final });
    return await files.replace(inflight, final);
  }
  await files.remove(inflight);
}

/** Throws `exists` where what is there is neither the same nor ours to replace. */
async function publishOver(context: SendContext, files: Files, inflight: Bytes, { path, final }: Place): Promise<void> {
  const algorithm = algorithmOf(context);
  const facts = await files.lstat(inflight);
  if (facts?.kind === "file" && algorithm !== null) {
    const readBack = context.link.readBack(context.link.lane());
    const [ours, theirs] = await readBack.digest(algorithm, [{ path: inflight }, { path: final }]);
    const isSame = ours?.hex === theirs?.hex;
    if (!ours || (!isSame && context.gate?.mayReplace(path, ours.hex) !== true)) {
      const detail = "it has other content, and the catalog has no row that says so; it is not overwritten";
      throw new HotdirError("exists", { operation: "publish", path: final, detail });
    }
  }
  await files.replace(inflight, final);
  // Renaming one name of a file over another of the same file does nothing (POSIX rename).
  await files.remove(inflight);
}

type WithMode = { mode: number; version: { mtimeNs: bigint } };

/** Seconds and permission bits, as the flow wants them to be. No mode: that of a new file. */
export function attributesOf(context: SendContext, put: WithMode): Attributes {
  const { preserve, chmod } = context.settings.destination;
  const base = preserve.mode ? put.mode & 0o7777 : chmod === null ? null : DEFAULT_FILE_MODE;
  return {
    ...(base === null ? {} : { mode: chmod === null ? base : changedMode(base, chmod, "file") }),
    ...(preserve.mtime ? { mtimeS: mtimeSeconds(put.version.mtimeNs) } : {}),
  };
}

/** The same for a file that is still to be read back: its owner can. */
export function readableAttributesOf(context: SendContext, put: WithMode): Attributes {
  const attributes = attributesOf(context, put);
  return attributes.mode === undefined ? attributes : { ...attributes, mode: attributes.mode | READABLE };
}

/** What its owner may not read gets that mode only now that it was read back. `mode`: as it is to be; undefined: that of a new file. */
export async function withhold(files: Files, at: Bytes, mode: number | undefined): Promise<void> {
  if (mode !== undefined && (mode & READABLE) === 0) await files.setAttributes(at, { mode });
}

/** Whole seconds, rounded down, as every `stat` shows them. SFTP version 3 holds them in 32 bits without sign. */
export function mtimeSeconds(mtimeNs: bigint): number {
  const seconds = mtimeNs / 1_000_000_000n - (mtimeNs % 1_000_000_000n < 0n ? 1n : 0n);
  return Math.min(0xffff_ffff, Math.max(0, Number(seconds)));
}

/** The mode of a file whose mode is not kept, before the changes that are asked for. */
export const DEFAULT_FILE_MODE = 0o644;
