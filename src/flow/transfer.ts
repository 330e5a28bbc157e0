import type { AbsPath, Bytes, RelPath } from "../kernel/path.ts";
import type { Digest } from "./digest.ts";
import type { Fence } from "./ledger/states.ts";
import type { ChangeKind } from "./settings.ts";
import type { Version } from "./version.ts";

/**
 * One observed event of one path, with what is needed to make it true at a destination. (design: words, *change*)
 * A hard link is a `put` whose file has several names (`links` > 1): the sender may link instead of sending.
 */
export type Change =
  | { kind: "put"; path: RelPath; version: Version; mode: number; links: number }
  | { kind: "link"; path: RelPath; version: Version; target: Bytes }
  | { kind: "mkdir"; path: RelPath; mode: number }
  /** `version` is the file's (for a directory: null); what is in a moved directory follows as puts. */
  | { kind: "rename"; path: RelPath; from: RelPath; directory: boolean; version: Version | null; mode: number }
  | { kind: "delete"; path: RelPath }
  | { kind: "rmdir"; path: RelPath };

export type TransferId = number;

/** A transfer as the sender gets it: claimed, with its fence. */
export type ClaimedTransfer = {
  id: TransferId;
  change: Change;
  /** The fence of this attempt. */
  fence: Fence;
  /** The attempts that failed by the file's own fault so far. */
  failures: number;
  /** The right bytes may already be at the final name (a crash after the publish, a moved directory): look before sending. */
  adopt: boolean;
  /** Larger than `BULK_ABOVE_BYTES`: sent by itself. */
  bulk: boolean;
  seenAtMs: number;
  /** The attempt whose inflight file holds parts that may be kept; null: none. */
  partial: number | null;
  /** What the message that it came by tells of its bytes; null: it came by none, and the file is below the source's root. */
  origin: MessageOrigin | null;
  /** Its file, where something else than its path says where that is; null: it is at its path below the source's root. */
  file: NamedFile | null;
};

/**
 * A file that a row of a table names, or one of our own: anywhere on this machine, and reached over symlinks.
 * `digest`: what its content has to be; null: it is taken as it is found.
 */
export type NamedFile = { path: AbsPath; digest: Digest | null };

/** Where the file of a message is: `file:` URLs are paths of this machine, others are fetched. */
export type MessageOrigin = {
  baseUrl: string;
  /** As in the message, not as at the destination. */
  relPath: RelPath;
  /** Of the content, as the message tells it; null: it does not, or the file is on this machine and is asked itself. */
  digest: Digest | null;
  /** The message holds the file itself. */
  content: boolean;
  /** Whether the size of the version is what the message tells; false: it tells none. */
  sizeKnown: boolean;
  /** When it was told. */
  pubTimeNs: bigint;
};

/** Files above this size are claimed apart from the many small ones, so that neither waits behind the other. */
export const BULK_ABOVE_BYTES = 1024 * 1024;

/** Changes that touch more than their own path, or remove something: they wait for all that is earlier at, above and below their paths. */
export const structuralKinds = ["rename", "delete", "rmdir"] as const satisfies ChangeKind[];

export function isStructural(change: Change): boolean {
  return (structuralKinds as readonly string[]).includes(change.kind);
}
