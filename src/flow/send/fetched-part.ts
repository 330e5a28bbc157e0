import { createHash, type Hash } from "node:crypto";
import { cryptoNames, type Digest, type DigestAlgorithm } from "../digest.ts";
import { toldDigest } from "../fetch/is-fetched.ts";
import { writtenSegments } from "../ledger/segments.ts";
import type { TransferId } from "../transfer.ts";
import type { Version } from "../version.ts";
import { algorithmOf, type ClaimedPut, type SendContext } from "./context.ts";

/** The digests of what came so far, from the first byte on. */
export class RunningDigests {
  readonly #hashes: Map<DigestAlgorithm, Hash>;

  constructor(hashes: Map<DigestAlgorithm, Hash>) {
    this.#hashes = hashes;
  }

  static begin(algorithms: Iterable<DigestAlgorithm>): RunningDigests {
    return new RunningDigests(new Map([...algorithms].map((algorithm) => [algorithm, createHash(cryptoNames[algorithm])])));
  }

  update(bytes: Buffer): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  copy(): RunningDigests {
    return new RunningDigests(new Map([...this.#hashes].map(([algorithm, hash]) => [algorithm, hash.copy()])));
  }

  /** null: that one was not asked for. */
  digest(algorithm: DigestAlgorithm): Digest | null {
    const hash = this.#hashes.get(algorithm);
    return hash === undefined ? null : { algorithm, hex: hash.copy().digest("hex") };
  }
}

/** Where a try can go on. Without digests the whole is compared at the destination, with what the message told. */
export type Part = { offset: number; version: Version | null; digests: RunningDigests | null };

const PARTS_MAX = 64;
const parts = new WeakMap<SendContext, Map<TransferId, Part>>();

/** What a later try of this process needs to go on from here. */
export function keepPart(context: SendContext, transfer: TransferId, part: Part): void {
  const known = parts.get(context) ?? new Map<TransferId, Part>();
  parts.set(context, known);
  known.delete(transfer);
  if (known.size >= PARTS_MAX) known.delete(known.keys().next().value!);
  known.set(transfer, part);
}

export function forgetPart(context: SendContext, transfer: TransferId): void {
  parts.get(context)?.delete(transfer);
}

/**
 * What lies under the inflight name of an earlier try and can be gone on with: within one life of the daemon that of the same
 * version, after a restart only where the message tells a digest by which the whole is judged.
 */
export function partToGoOnWith(context: SendContext, put: ClaimedPut): Part | null {
  if (put.partial === null) return null;
  let offset = 0;
  for (const { start, lengthBytes } of writtenSegments(context.db, put.id)) {
    if (start !== offset) break;
    offset += lengthBytes;
  }
  if (offset === 0) return null;
  const kept = parts.get(context)?.get(put.id);
  if (kept !== undefined && kept.offset <= offset) return kept;
  return toldDigest(put) === null ? null : { offset, version: null, digests: null };
}

/** The flow's own digest, and that of the message. */
export function algorithmsFor(context: SendContext, put: ClaimedPut): Set<DigestAlgorithm> {
  const told = toldDigest(put)?.algorithm;
  const asked = algorithmOf(context);
  return new Set([asked, told].filter((algorithm) => algorithm !== null && algorithm !== undefined));
}
