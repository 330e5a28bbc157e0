import type { SteadyMs, WallMs } from "../../kernel/clock.ts";
import type { ErrorCode } from "../../kernel/error-codes.ts";
import { never } from "../../kernel/errors.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { Known } from "../ledger/admissions.ts";
import type { There } from "../ledger/whereabouts.ts";
import type { SourceSettings } from "../settings.ts";
import type { Change, TransferId } from "../transfer.ts";
import { sameVersion } from "../version.ts";
import { rejection } from "./filter.ts";
import type { Completeness, WaitsFor } from "./settle.ts";
import { leadsNowhereNow, whyUnreadable } from "./unreadable.ts";

/** What to write down because of a sighting; applied in order, in one transaction. */
export type Decision =
  /** `adopt`: the bytes are there already, as far as is known. */
  | { do: "queue"; change: Change; adopt?: true }
  | { do: "settle-later"; change: Change; dueAt: SteadyMs; waitsFor: WaitsFor }
  | { do: "ignore"; change: Change; reason: string }
  | { do: "bury"; change: Change; code: ErrorCode; reason: string }
  /** A settling transfer is complete, with this version. */
  | { do: "settled"; id: TransferId; change: Change }
  /** An open transfer's file changed again, or is being written again. */
  | { do: "unsettled"; id: TransferId; change: Change; dueAt: SteadyMs; waitsFor: WaitsFor }
  /** The file has so many names now. */
  | { do: "name"; id: TransferId; links: number }
  | { do: "supersede"; id: TransferId; reason: string }
  | { do: "supersede-below"; directory: RelPath; reason: string };

/** What a decision rests on beside the sighting; the functions are asked only when it matters. */
export type Facts = {
  known: Known | null;
  source: Pick<SourceSettings, "accept" | "reject" | "settle" | "propagate">;
  /** The wall's time. */
  nowMs: WallMs;
  /** The flow keeps modes (`preserve`). */
  keepsMode: boolean;
  completeness: (sighting: Sighting & { kind: "file" }) => Completeness;
  atDestination: (path: RelPath) => There | null;
  anythingBelow: (directory: RelPath) => boolean;
  movedAway: (path: RelPath, since: TransferId) => boolean;
  knownAt: (path: RelPath) => Known | null;
};

export function decide(sighting: Sighting, facts: Facts): Decision[] {
  const rejected = rejection(sighting.path, facts.source);
  if (sighting.kind === "moved") return decideMove(sighting, rejected, facts);
  if (rejected !== null)
    return sighting.kind === "gone" ? withdraw(facts.known, "removed at the source") : refuse(sighting, rejected, facts);
  switch (sighting.kind) {
    case "file":
      return decideFile(sighting, facts);
    case "symlink":
      return decideLink(sighting, facts);
    case "directory":
      return decideDirectory(sighting, facts);
    case "special":
      return refuse(sighting, "neither file, directory nor symlink", facts);
    case "unreadable":
      return decideUnreadable(sighting, facts);
    case "gone":
      return decideGone(sighting, facts);
    default:
      return never(sighting);
  }
}

function decideFile(sighting: Sighting & { kind: "file" }, facts: Facts): Decision[] {
  const { known } = facts;
  if (!facts.source.propagate.has("put")) return refuse(sighting, "`put` is not propagated", facts);
  const change: Change & { kind: "put" } = {
    kind: "put",
    path: sighting.path,
    version: sighting.version,
    mode: sighting.mode,
    links: sighting.links,
  };
  const same =
    known !== null &&
    (known.kind === "put" || known.kind === "rename") &&
    known.version !== null &&
    sameVersion(known.version, sighting.version);
  if (same && isStanding(known) && !(known.state === "delivered" && facts.movedAway(sighting.path, known.id)))
    return decideSame(sighting, change, known, facts);
  const done = facts.completeness(sighting);
  if (!done.complete) return decideIncomplete(change, done, same, known);
  if (known?.state === "settling")
    return known.kind === "put"
      ? [{ do: "settled", id: known.id, change }]
      : [...withdraw(known, "replaced by a file"), { do: "queue", change }];
  return [...replaced(known), ...makeWay(sighting.path, "file", facts), { do: "queue", change }];
}

/** What is there under the name is of another type: its removal was not seen, and comes first. */
function makeWay(path: RelPath, wanted: There, facts: Facts): Decision[] {
  const there = facts.known === null ? null : facts.atDestination(path);
  if (there === null || there === wanted) return [];
  const kind = there === "directory" ? "rmdir" : "delete";
  return facts.source.propagate.has(kind) ? [{ do: "queue", change: { kind, path } }] : [];
}

/** The coarsest step of a Linux kernel's file times: what is written twice within it may have one mtime. */
const MTIME_STEP_MS = 12;
/** A close that comes so long after the first sighting is another one: the same close may be told by a scan and by its event. */
const SAME_CLOSE_MS = 2000;

/**
 * The same version again. A changed mode makes no other content: the file is looked for at the
 * destination, proved there, and given the mode. So is one that was written again while the version
 * cannot tell it: within one step of the file's clock, or with its time set back by the writer.
 */
function decideSame(
  sighting: Sighting & { kind: "file" },
  change: Change & { kind: "put" },
  known: Known,
  { keepsMode, nowMs }: Facts,
): Decision[] {
  if (known.removedByUs || known.kind !== "put") return [];
  const otherMode = keepsMode && known.state === "delivered" && known.mode !== change.mode;
  const begun = known.state === "delivered" || known.state === "sending";
  const withinStep = sighting.how === "event" && Math.abs(known.seenAtMs - Number(sighting.version.mtimeNs / 1_000_000n)) < MTIME_STEP_MS;
  const closedAgain = sighting.closed === true && nowMs - known.seenAtMs > SAME_CLOSE_MS;
  const ambiguous = begun && (withinStep || closedAgain);
  // A further name of a delivered file finds it by this, and becomes a hard link to it.
  const named: Decision[] = known.links === change.links ? [] : [{ do: "name", id: known.id, links: change.links }];
  return otherMode || ambiguous ? [...named, { do: "queue", change, adopt: true }] : named;
}

function decideIncomplete(
  change: Change,
  { dueAt, waitsFor }: Completeness & { complete: false },
  same: boolean,
  known: Known | null,
): Decision[] {
  if (known !== null && known.kind === "put" && (known.state === "settling" || known.state === "queued")) {
    return same && known.dueAt === Math.round(dueAt) ? [] : [{ do: "unsettled", id: known.id, change, dueAt, waitsFor }];
  }
  return [...replaced(known), { do: "settle-later", change, dueAt, waitsFor }];
}

function decideLink(sighting: Sighting & { kind: "symlink" }, facts: Facts): Decision[] {
  const { known } = facts;
  if (!facts.source.propagate.has("link")) return refuse(sighting, "a symlink, and `link` is not propagated", facts);
  if (
    known?.kind === "link" &&
    known.target === sighting.target &&
    isStanding(known) &&
    !(known.state === "delivered" && facts.movedAway(sighting.path, known.id))
  )
    return [];
  return [
    ...replaced(known),
    ...makeWay(sighting.path, "file", facts),
    { do: "queue", change: { kind: "link", path: sighting.path, version: sighting.version, target: sighting.target } },
  ];
}

function decideDirectory(sighting: Sighting & { kind: "directory" }, facts: Facts): Decision[] {
  const { known } = facts;
  // A file that was to be sent under this name can not be any more.
  if (!facts.source.propagate.has("mkdir"))
    return known?.kind === "put" || known?.kind === "link" ? withdraw(known, "a directory has its name now") : [];
  if (
    (known?.kind === "mkdir" || (known?.kind === "rename" && known.directory)) &&
    isStanding(known) &&
    !(known.state === "delivered" && facts.movedAway(sighting.path, known.id))
  )
    return [];
  return [
    ...replaced(known),
    ...makeWay(sighting.path, "directory", facts),
    { do: "queue", change: { kind: "mkdir", path: sighting.path, mode: sighting.mode } },
  ];
}

/** A directory or file that cannot be looked at is listed as not delivered, with the reason (P1). */
function decideUnreadable(sighting: Sighting & { kind: "unreadable" }, facts: Facts): Decision[] {
  if (facts.known?.state === "dead") return [];
  if (leadsNowhereNow(sighting, facts.known)) return [];
  return [...replaced(facts.known), { do: "bury", change: asChange(sighting), code: "source-unreadable", reason: whyUnreadable(sighting) }];
}

function decideGone(sighting: Sighting & { kind: "gone" }, facts: Facts): Decision[] {
  const { known, source } = facts;
  if (known !== null && (known.removedByUs || facts.movedAway(sighting.path, known.id))) return [];
  // A rename that waits brings something there: it is done first, and then what it brought is removed.
  const there = facts.atDestination(sighting.path) ?? madeOnTheWay(sighting.path, facts);
  const kind = there === "directory" ? "rmdir" : "delete";
  const propagated = there !== null && source.propagate.has(kind);
  const arrives = known?.kind === "rename" && known.state === "queued" && propagated;
  const decisions = arrives || isRemoval(known) ? [] : withdraw(known, "removed at the source before it was sent");
  if (propagated) decisions.push({ do: "queue", change: { kind, path: sighting.path } });
  return decisions;
}

/** A directory that waits to be made may be there already, or soon, because of what is below it. */
function madeOnTheWay(path: RelPath, { known, anythingBelow }: Facts): There | null {
  return known?.kind === "mkdir" && anythingBelow(path) ? "directory" : null;
}

function isRemoval(known: Known | null): boolean {
  return known?.kind === "delete" || known?.kind === "rmdir";
}

/** What is at the destination under the old name is renamed; what was not sent yet is sent under the new name, by the sighting that follows. */
function decideMove(sighting: Sighting & { kind: "moved" }, rejected: string | null, facts: Facts): Decision[] {
  const { source } = facts;
  const from = facts.knownAt(sighting.from);
  if (from?.removedByUs === true) return [];
  const fromRejected = rejection(sighting.from, source) !== null;
  const renames = rejected === null && source.propagate.has("rename");
  // A rename that waits, of what is moved on now: both are done, in their order, so that the first old name goes too.
  const arrives = from?.kind === "rename" && from.state === "queued" && renames;
  const decisions: Decision[] = arrives || isRemoval(from) ? [] : withdraw(from, `moved to another name before it was sent`);
  if (sighting.directory)
    decisions.push({ do: "supersede-below", directory: sighting.from, reason: "its directory was moved before it was sent" });
  const there =
    !fromRejected && (facts.atDestination(sighting.from) !== null || (sighting.directory && facts.anythingBelow(sighting.from)));
  if (!there) return decisions;
  if (renames) {
    decisions.push(
      ...replaced(facts.known, "another file was moved over it"),
      ...makeWay(sighting.path, sighting.directory ? "directory" : "file", facts),
    );
    // A symlink is renamed as it is; its version is not that of a file's content.
    const version = from === null || from.kind === "link" ? null : from.version;
    decisions.push({
      do: "queue",
      change: {
        kind: "rename",
        path: sighting.path,
        from: sighting.from,
        directory: sighting.directory,
        version,
        mode: from?.mode ?? 0o644,
      },
    });
  } else if (source.propagate.has(sighting.directory ? "rmdir" : "delete")) {
    decisions.push({ do: "queue", change: { kind: sighting.directory ? "rmdir" : "delete", path: sighting.from } });
  }
  return decisions;
}

/** Not to be sent: written down once for a path, so that `explain` can tell why. */
function refuse(sighting: Exclude<Sighting, { kind: "gone" | "moved" }>, reason: string, facts: Facts): Decision[] {
  const { known } = facts;
  if (sighting.kind === "directory") return [];
  if (known?.state === "ignored") return [];
  const decisions = replaced(known, `no longer to be sent: ${reason}`);
  return known !== null && decisions.length === 0 ? [] : [...decisions, { do: "ignore", change: asChange(sighting), reason }];
}

function asChange(sighting: Exclude<Sighting, { kind: "gone" | "moved" | "directory" }>): Change {
  const none = { inode: "0:0", sizeBytes: 0, mtimeNs: 0n };
  switch (sighting.kind) {
    case "file":
      return { kind: "put", path: sighting.path, version: sighting.version, mode: sighting.mode, links: sighting.links };
    case "symlink":
      return { kind: "link", path: sighting.path, version: sighting.version, target: sighting.target };
    case "special":
    case "unreadable":
      return { kind: "put", path: sighting.path, version: none, mode: 0, links: 1 };
    default:
      return never(sighting);
  }
}

/** True at the destination, or on its way there, or dead until a person acts. */
function isStanding(known: Known): boolean {
  return known.state === "delivered" || known.state === "queued" || known.state === "sending" || known.state === "dead";
}

/** What is waiting for this path gives way to something newer; a rename or removal stays, since it also concerns what is there. */
function replaced(known: Known | null, reason = "a newer version of the path was seen"): Decision[] {
  if (known === null) return [];
  const stays = known.state === "queued" && (known.kind === "rename" || known.kind === "delete" || known.kind === "rmdir");
  return stays ? [] : withdraw(known, reason);
}

function withdraw(known: Known | null, reason: string): Decision[] {
  const open = known !== null && (known.state === "settling" || known.state === "queued" || known.state === "dead");
  return open ? [{ do: "supersede", id: known.id, reason }] : [];
}
