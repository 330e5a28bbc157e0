import type { DigestAlgorithm } from "../../digest.ts";
import type { ReceiptRow } from "../../ledger/receipts.ts";
import type { RelPath } from "../../../kernel/path.ts";

/** What a manifest tells beside its members. */
export type ManifestHead = {
  flow: string;
  set: RelPath;
  timecode: number | null;
  nowMs: number;
  /** All that was seen before, in seconds of Unix time, is delivered. */
  finalizedUntilS: () => number;
  /** What is at the destination by the word of another program. Taken once, by formats that only count. */
  membersElsewhere: Iterable<RelPath>;
  instance: string | null;
  archive: string;
  /** By which the flow verifies; null: by none. */
  algorithm: DigestAlgorithm | null;
};

/** The text of a manifest, piece by piece, from members in the byte order of their paths: each is taken once. */
export type ManifestFormatter = (head: ManifestHead, members: Iterable<ReceiptRow>) => Generator<string | Buffer>;
