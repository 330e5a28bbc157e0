import type { Digest } from "../../flow/digest.ts";
import type { Bytes, RelPath } from "../../kernel/path.ts";
import type { Identity } from "./identity.ts";

/** What a v03 message says was done to a path. */
export type Operation =
  | FileOperation
  | { does: "link"; target: Bytes }
  /** `becauseRenamed`: one of the removals that sr3's watch adds when a directory is renamed. */
  | { does: "remove"; becauseRenamed: boolean }
  | { does: "mkdir"; mode: number | null }
  | { does: "rmdir" }
  | { does: "rename-directory"; from: string; mode: number | null };

export type FileOperation = {
  does: "file";
  /** Null: the sender did not say. */
  sizeBytes: number | null;
  mode: number | null;
  mtimeNs: bigint | null;
  identity: Identity | null;
  /** A digest that Sarracenia does not know, beside or in place of the identity. */
  digest: Digest | null;
  content: Buffer | null;
  /** Only a block of the file is announced. */
  split: boolean;
  /** `fileOp.rename` as it was written: absolute, or as the program passed it. */
  movedFrom: string | null;
  /** Announced as a hard link (`fileOp.hlink`; sr3 understands these, and writes none): a file like any other, which another name has, too. */
  linked: boolean;
};

export type Message = {
  pubTimeNs: bigint;
  baseUrl: string;
  relPath: RelPath;
  /** Where the sender wants it, in place of `relPath` (sr3's option `rename`). */
  renameTo: RelPath | null;
  source: string | null;
  contentType: string | null;
  operation: Operation;
  /** The body as it came, with all that we do not know: it is passed on unchanged. */
  fields: Readonly<Record<string, unknown>>;
};

/** A message with a body above this is refused unread. */
export const BODY_BYTES_MAX = 1024 * 1024;

/** Inline content above this is refused; sr3 embeds up to 4 KiB. */
export const CONTENT_BYTES_MAX = 512 * 1024;

/** The AMQP properties of every message, as sr3 sets them. `headers`: an empty table. */
export const wireProperties = { contentType: "application/json", contentEncoding: "utf-8", deliveryMode: 2, headers: {} } as const;
