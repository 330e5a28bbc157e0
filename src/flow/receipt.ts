import type { Digest } from "./digest.ts";

/**
 * What a delivery rests on. `digest`: the destination's bytes were read back and are those of the
 * source's version. `size` and `none`: the user turned verification off; nothing is deleted on it.
 * `structure`: a directory, link or removal, seen at the destination. `confirmed`: the broker has the message for good.
 */
export type Proof =
  | { basis: "digest"; digest: Digest }
  | { basis: "size" }
  | { basis: "none" }
  | { basis: "structure" }
  | { basis: "confirmed" };

export type Receipt = {
  proof: Proof;
  /** The bytes were made durable at the destination (fsync or syncfs) before the receipt. */
  durable: boolean;
};

/** How the bytes came to be there. */
export type Method =
  | "sent"
  | "bundled"
  | "segmented"
  | "accelerated"
  | "transferred"
  | "linked"
  | "renamed"
  | "found"
  | "fetched"
  | "published"
  | "removed";
