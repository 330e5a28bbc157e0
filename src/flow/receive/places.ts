import type { RelPath } from "../../kernel/path.ts";
import type { Told } from "../bus.ts";
import type { Sighting } from "../detect/contract.ts";
import { isSeenAtOrigin, mayBeAnnounced } from "../fetch/origin-version.ts";
import { messageOfTransfer, type MessageRow } from "../ledger/messages.ts";
import type { Change, TransferId } from "../transfer.ts";
import { sameVersion } from "../version.ts";
import type { ReceiveContext } from "./batch.ts";
import type { Now } from "./wanted.ts";

/** A place at a base URL, and what its path at the destination is. */
export type Place = { relPath: RelPath; path: RelPath };

/** The places that a change is about. `from`: of a rename. */
export type Places = { path: Place; from: Place | null };

/** A message as the flow has it: its change called as at the destination. */
export type Routed = Places & { change: Change };

/** How the message names a path of the destination. */
export function relPathIn({ path, from }: Places, at: RelPath): RelPath {
  return from !== null && from.path === at ? from.relPath : path.relPath;
}

/** Where the source of a transfer is, by the message that it came by; null: it came by none. */
export function placesOf(
  { db, bus }: Pick<ReceiveContext, "db" | "bus">,
  id: TransferId,
  change: Change,
): (Places & { row: MessageRow }) | null {
  const row = messageOfTransfer(db, id);
  if (row === null) return null;
  const path = { relPath: row.relPath, path: change.path };
  if (change.kind !== "rename") return { row, path, from: null };
  // Only a rename's other name is not in the row.
  const told = bus.read(row.body)?.change;
  return { row, path, from: told?.kind === "rename" ? { relPath: told.from, path: change.from } : null };
}

/** What was found at an origin, called as the message told it where it may be that: only then does a digest belong to it. */
export function asAnnounced(now: Now, change: Change, told: Pick<Told, "sizeKnown" | "pubTimeNs">): Now {
  const { sighting } = now.path;
  const version = change.kind === "put" || change.kind === "rename" ? change.version : null;
  if (sighting.kind !== "file" || version === null) return now;
  const same = isSeenAtOrigin(version) ? sameVersion(version, sighting.version) : mayBeAnnounced({ ...told, version }, sighting.version);
  const called: Sighting = same ? { ...sighting, version } : sighting;
  return { ...now, path: { ...now.path, sighting: called } };
}
