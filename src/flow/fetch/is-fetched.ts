import type { Digest } from "../digest.ts";
import { directoryOfUrl } from "../source-file.ts";
import type { Change, ClaimedTransfer, MessageOrigin } from "../transfer.ts";
import { isSeenAtOrigin } from "./origin-version.ts";

/** A transfer whose bytes are not a file of this machine. */
export type Fetched = ClaimedTransfer & { origin: MessageOrigin };

export function isFetched(transfer: ClaimedTransfer): transfer is Fetched {
  const { origin } = transfer;
  return origin !== null && (origin.content || directoryOfUrl(origin.baseUrl) === null);
}

/** The digest of the very version that is to be delivered; null: nobody told it. What was seen at the origin later is not what was told. */
export function toldDigest({ change, origin }: { change: Change; origin: MessageOrigin | null }): Digest | null {
  const version = "version" in change ? change.version : null;
  return origin === null || (version !== null && isSeenAtOrigin(version)) ? null : origin.digest;
}
