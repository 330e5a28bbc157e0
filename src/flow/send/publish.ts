import { HotdirError } from "../../kernel/errors.ts";
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
  await context.parents.within(files, final, () => files.replace(inflight, final));
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
