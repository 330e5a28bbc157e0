import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import { ancestorsOf, type RelPath } from "../../kernel/path.ts";
import * as admissions from "../ledger/admissions.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import { type MessageRow, recordMessage } from "../ledger/messages.ts";
import { REPLACED } from "../ledger/replaced.ts";
import { movedAway } from "../ledger/whereabouts.ts";
import { type Change, isStructural, type TransferId } from "../transfer.ts";
import { sameVersion } from "../version.ts";

export type AdmitInto = {
  db: Database;
  flow: FlowId;
  at: { wall: WallMs; steady: SteadyMs };
  /** A change that tells nothing new within so long is passed over; 0: none is. */
  duplicatesMs: number;
};

/** `relPath`: as the message names the path of the change. */
export type WantedChange = { change: Change; relPath: RelPath };

export type By = {
  message: MessageRow;
  /** How often the message was told to come again: its tries, by whatever host, count as this transfer's. */
  failures: number;
  /** It may be there already. */
  adopt: boolean;
  /** This ledger has seen the message before: what it delivered since is not delivered once more. */
  seenBefore: boolean;
};

/** `waitFor`: the transfers whose end is the message's. `replaced`: those that gave way, each to a newer one. */
export type AdmittedMessage = { waitFor: TransferId[]; replaced: Array<{ from: TransferId; to: TransferId }>; queued: number };

/** Records what a message leads to. One waits for a path at most: the newest. Within the caller's transaction. */
export function admitChanges(into: AdmitInto, changes: readonly WantedChange[], by: By): AdmittedMessage {
  const admitted: AdmittedMessage = { waitFor: [], replaced: [], queued: 0 };
  for (const wanted of changes) admitOne(into, wanted, by, admitted);
  return admitted;
}

function admitOne(into: AdmitInto, { change, relPath }: WantedChange, by: By, admitted: AdmittedMessage): void {
  const { db, flow, at } = into;
  const known = admissions.newest(db, flow, change.path);
  if (known !== null && saysTheSame(known, change) && !movedAway(db, flow, change.path, known.id)) {
    if (known.state === "queued" || known.state === "sending") {
      admitted.waitFor.push(known.id);
      return;
    }
    const isRecent = at.wall - known.seenAtMs < into.duplicatesMs;
    if (known.state === "delivered" && (by.seenBefore || isRecent)) return;
  }
  const isAgain = known !== null && known.state === "delivered";
  const adopt = by.adopt || (isAgain && saysTheSame(known, change)) || cameByDirectoryMove(db, flow, change);
  const id = admissions.recordQueued(db, flow, change, at, adopt);
  if (by.failures > 0) admissions.recordFailures(db, id, by.failures);
  recordMessage(db, flow, id, { ...by.message, relPath });
  admitted.waitFor.push(id);
  admitted.queued++;
  if (known !== null)
    giveWay(into, known, id, isStructural(change) ? "removed or renamed at the source before it was sent" : REPLACED, admitted);
  const former = change.kind === "rename" ? admissions.newest(db, flow, change.from) : null;
  if (former !== null) giveWay(into, former, id, "moved to another name before it was sent", admitted);
}

/** A rename or removal stays, since it also concerns what is there. */
function giveWay({ db, at }: AdmitInto, known: admissions.Known, to: TransferId, reason: string, admitted: AdmittedMessage): void {
  if (known.kind === "rename" || known.kind === "delete" || known.kind === "rmdir") return;
  if (admissions.supersede(db, known.id, reason, at.wall)) admitted.replaced.push({ from: known.id, to });
}

/** Whether a change tells nothing that the newest transfer of its path does not. */
function saysTheSame(known: admissions.Known, change: Change): boolean {
  switch (change.kind) {
    case "put":
      return (known.kind === "put" || known.kind === "rename") && known.version !== null && sameVersion(known.version, change.version);
    case "link":
      return known.kind === "link" && known.target === change.target;
    case "rename":
      return known.kind === "rename" && known.from === change.from && sameOrNone(known, change);
    case "mkdir":
    case "delete":
    case "rmdir":
      return known.kind === change.kind;
  }
}

function sameOrNone(known: admissions.Known, { version }: Change & { kind: "rename" }): boolean {
  return version === null ? known.version === null : known.version !== null && sameVersion(known.version, version);
}

/** Below a directory that was renamed at the destination too: its bytes may be there already. */
function cameByDirectoryMove(db: Database, flow: FlowId, { kind, path }: Change): boolean {
  if (kind !== "put" || !admissions.anyDirectoryMoved(db, flow)) return false;
  return ancestorsOf(path).some((directory) => admissions.isDirectoryMoveTarget(db, flow, directory));
}
