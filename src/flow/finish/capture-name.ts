import { type Bytes, nameOf, type RelPath } from "../../kernel/path.ts";
import type { Digest } from "../digest.ts";

const CAPTURE = /^\.hotdir-[0-9a-z]+(?:-[0-9a-f]+)?\.(?:removing|sending)$/;

/**
 * The name under which a source file that is to go is looked at a last time, beside where it was. `ledger`: the token of the
 * ledger that counts the transfers, where hosts with ledgers of their own may remove from one directory.
 */
export function captureName(transfer: number, ledger?: string): Bytes {
  return `.hotdir-${transfer.toString(36)}${ledger === undefined ? "" : `-${ledger}`}.removing` as Bytes;
}

/** A second name of a source file, beside it, for a command that cannot be given its own. */
export function sendingName(transfer: number): Bytes {
  return `.hotdir-${transfer.toString(36)}.sending` as Bytes;
}

/**
 * The name of a copy that is not yet whole, in the holding area. Transfer and content are both in
 * it, so that what has this name is ours to remove, also where several ledgers hold into one area.
 */
export function holdingName(transfer: number, digest: Digest): Bytes {
  return `.hotdir-${transfer.toString(36)}-${digest.hex.slice(0, 16)}.holding` as Bytes;
}

/** Sightings of such names are our own doing, and no change of the source. */
export function isCapture(path: RelPath): boolean {
  return CAPTURE.test(nameOf(path));
}
