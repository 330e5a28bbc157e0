import { never } from "../../kernel/errors.ts";
import type { RelPath } from "../../kernel/path.ts";
import type { Sighting } from "../detect/contract.ts";
import type { ChangeKind } from "../settings.ts";
import type { Change } from "../transfer.ts";
import type { Version } from "../version.ts";
import type { Looked } from "./source-look.ts";

/** What is to be done because of a message, or because of a look after something was done. */
export type Wanted =
  | { want: "changes"; changes: [Change, ...Change[]] }
  | { want: "nothing"; reason: string }
  /** Somebody writes it: looked at again shortly. */
  | { want: "wait" }
  /** The source is away as a whole: nothing can be said of what is gone. */
  | { want: "source-back"; reason: string }
  /** It cannot be followed; may be it can later, or by another host. It counts. */
  | { want: "fail"; reason: string };

/** What a look found at the two places of a change; their sightings are called as at the destination. `from`: of a rename. */
export type Now = { path: Looked; from: Looked | null };

/** A file that nobody holds a lease on, and that is not what was announced, must have been left alone for so long. */
const STILL_MS = 2000;

/** Longer than attributes and missing names are remembered by a client of NFS that was not told otherwise. */
const LATE_MS = 65_000;

export const GONE = "it was not there any more when its message came";

export type Circumstances = {
  propagate: ReadonlySet<ChangeKind>;
  nowMs: number;
  /** How old the message is. */
  toldMsAgo: number;
  /** Somebody may have begun with this message before, and not come to its end: what was done may need to be undone. */
  begun: boolean;
  /** Our own retention takes source files away, so that one that is gone says nothing. */
  retains: boolean;
};

/** `change` is called as at the destination. Pure. */
export function wantedByMessage(change: Change, now: Now, facts: Circumstances): Wanted {
  const { propagate, nowMs } = facts;
  if (change.kind !== "rename" && !propagate.has(change.kind)) return nothing(`\`${change.kind}\` is not propagated`);
  switch (change.kind) {
    case "put":
    case "link":
    case "mkdir": {
      if (mayBeLate(now.path, facts)) return { want: "wait" };
      const found = asFound(now.path, propagate, nowMs, change.kind === "put" ? change.version : null);
      const kind = change.kind === "mkdir" ? "rmdir" : "delete";
      return facts.begun ? inPlaceOf(kind, change.path, orTakenBack(found, kind, change.path, now.path, facts), propagate) : found;
    }
    case "delete":
    case "rmdir":
      if (facts.begun && isThereAgain(change.kind, now.path.sighting)) return asFound(now.path, propagate, nowMs, null);
      return removal(change, now.path);
    case "rename":
      if (mayBeLate(now.path, facts)) return { want: "wait" };
      if (change.directory && propagate.has("rename") && isMirror(propagate) && !facts.retains) return renamedDirectory(change, now, facts);
      return facts.begun ? renamedBefore(change, now, facts) : renamed(change, now, facts);
    default:
      return never(change);
  }
}

/** A client of a network file system believes for a while that a name is not there that it asked for before. */
function mayBeLate({ sighting, absence }: Looked, { toldMsAgo }: Circumstances): boolean {
  return sighting.kind === "gone" && absence.kind === "gone" && absence.late === true && toldMsAgo < LATE_MS;
}

/** What was made may be there, and what is to be made is of another kind: what was made goes first. */
export function inPlaceOf(kind: "delete" | "rmdir", path: RelPath, found: Wanted, propagate: ReadonlySet<ChangeKind>): Wanted {
  if (found.want !== "changes" || !propagate.has(kind)) return found;
  const [first] = found.changes;
  const isAnother = first.path === path && (first.kind === "mkdir") !== (kind === "rmdir");
  return isAnother && first.kind !== kind ? { want: "changes", changes: [{ kind, path }, ...found.changes] } : found;
}

/** What is gone may have been put there by whoever began with the message. */
function orTakenBack(found: Wanted, kind: "delete" | "rmdir", path: RelPath, looked: Looked, facts: Circumstances): Wanted {
  const isGone = found.want === "nothing" && looked.sighting.kind === "gone";
  if (!isGone || !facts.begun || facts.retains || !facts.propagate.has(kind)) return found;
  return { want: "changes", changes: [{ kind, path }] };
}

/** Where nothing is looked at: what a message says is what is done. Pure. */
export function wantedAsTold(change: Change, propagate: ReadonlySet<ChangeKind>): Wanted {
  return propagate.has(change.kind) ? { want: "changes", changes: [change] } : nothing(`\`${change.kind}\` is not propagated`);
}

/** What makes true what is there now, whatever was told. */
export function asFound({ sighting, absence }: Looked, propagate: ReadonlySet<ChangeKind>, nowMs: number, told: Version | null): Wanted {
  if (sighting.kind === "gone") {
    if (absence.kind === "gone") return nothing(GONE);
    return absence.kind === "lost" ? { want: "source-back", reason: absence.reason } : { want: "fail", reason: absence.reason };
  }
  if (sighting.kind === "unreadable") return { want: "fail", reason: `it cannot be looked at: ${sighting.code}` };
  if (sighting.kind === "file" && isBeingWritten(sighting, told, nowMs)) return { want: "wait" };
  const change = changeOf(sighting);
  if (change === null) return nothing("it is neither file, directory nor symlink");
  return propagate.has(change.kind) ? { want: "changes", changes: [change] } : nothing(`\`${change.kind}\` is not propagated`);
}

function isBeingWritten(sighting: Sighting & { kind: "file" }, told: Version | null, nowMs: number): boolean {
  if (sighting.writer !== "unknown") return sighting.writer === "open";
  const { sizeBytes, mtimeNs } = sighting.version;
  // Times travel as floating-point numbers.
  const asTold = told !== null && told.sizeBytes === sizeBytes && Math.abs(Number(told.mtimeNs - mtimeNs)) < 1_000_000;
  const ageMs = nowMs - Number(mtimeNs / 1_000_000n);
  return !asTold && ageMs >= 0 && ageMs < STILL_MS;
}

function changeOf(sighting: Sighting): Change | null {
  switch (sighting.kind) {
    case "file":
      return { kind: "put", path: sighting.path, version: sighting.version, mode: sighting.mode, links: sighting.links };
    case "symlink":
      return { kind: "link", path: sighting.path, version: sighting.version, target: sighting.target };
    case "directory":
      return { kind: "mkdir", path: sighting.path, mode: sighting.mode };
    default:
      return null;
  }
}

/** Whether what is there now is of the kind that a removal would remove. */
export function isThereAgain(kind: "delete" | "rmdir", { kind: found }: Sighting): boolean {
  return kind === "rmdir" ? found === "directory" : found === "file" || found === "symlink" || found === "special";
}

/**
 * Also of what this ledger does not know: another host may have delivered it. Somebody saw it go, so that a source in which
 * nothing was ever seen here does not speak against it; one that went away does.
 */
function removal(change: Change & { kind: "delete" | "rmdir" }, { sighting, absence }: Looked): Wanted {
  if (sighting.kind === "unreadable") return { want: "fail", reason: `it cannot be looked at: ${sighting.code}` };
  if (isThereAgain(change.kind, sighting)) return nothing("it is there again at the source");
  if (sighting.kind === "gone" && absence.kind === "lost") return { want: "source-back", reason: absence.reason };
  return { want: "changes", changes: [change] };
}

/** Whether what the source does not have is to go at the destination. */
export function isMirror(propagate: ReadonlySet<ChangeKind>): boolean {
  return propagate.has("delete") || propagate.has("rmdir");
}

/**
 * A transfer in any case, also where the names are other things by now and it will not be made: what is in the directory at the
 * destination has no message but this one, and is looked through at its end.
 */
function renamedDirectory(change: Change & { kind: "rename" }, now: Now, { propagate, nowMs }: Circumstances): Wanted {
  const found = asFound(now.path, propagate, nowMs, null);
  if (found.want === "fail" || found.want === "source-back") return found;
  if (now.from?.sighting.kind === "gone" && now.from.absence.kind === "lost")
    return { want: "source-back", reason: now.from.absence.reason };
  return { want: "changes", changes: [change] };
}

function renamed(change: Change & { kind: "rename" }, now: Now, { propagate, nowMs }: Circumstances): Wanted {
  const found = asFound(now.path, propagate, nowMs, change.version);
  if (now.from === null || now.from.sighting.kind === "unreadable") return found;
  const oldKind = change.directory ? "rmdir" : "delete";
  const old = removal({ kind: oldKind, path: change.from }, now.from);
  // Its old name has something else by now, which has a message of its own.
  if (old.want === "nothing") return found;
  const oldGoes = propagate.has(oldKind);
  if (found.want === "nothing" && now.path.sighting.kind === "gone") return oldGoes ? old : found;
  if (found.want !== "changes") return found;
  const [made] = found.changes;
  // The new name is something else by now, which was never under the old one. Messages call a symlink a directory, too.
  const isAnother = change.directory ? made.kind === "put" : made.kind === "mkdir" || (made.kind === "link" && change.version !== null);
  if (!propagate.has("rename") || (isAnother && oldGoes)) return oldGoes ? both(found, old) : found;
  const { path, from } = change;
  const version = made.kind === "put" ? made.version : null;
  const mode = "mode" in made ? made.mode : change.mode;
  return { want: "changes", changes: [{ kind: "rename", path, from, directory: made.kind === "mkdir", version, mode }] };
}

/** It may have been done, also to something newer that had the old name: both names are made as they are now. */
function renamedBefore(change: Change & { kind: "rename" }, now: Now, facts: Circumstances): Wanted {
  const { propagate, nowMs } = facts;
  const kind = change.directory ? "rmdir" : "delete";
  const path = orTakenBack(asFound(now.path, propagate, nowMs, change.version), kind, change.path, now.path, facts);
  if (now.from === null) return path;
  if (now.from.sighting.kind !== "gone") return both(path, asFound(now.from, propagate, nowMs, null));
  // Where the old name is free a rename can be done twice.
  const again = renamed(change, now, facts);
  return again.want === "changes" && again.changes[0].kind === "rename" ? again : both(path, again);
}

/** Without what is said twice. What keeps one from being done keeps both. */
function both(one: Wanted, other: Wanted): Wanted {
  if (one.want !== "changes") return one.want === "nothing" ? other : one;
  if (other.want !== "changes") return other.want === "nothing" ? one : other;
  const added = other.changes.filter(({ kind, path }) => !one.changes.some((change) => change.kind === kind && change.path === path));
  return { want: "changes", changes: [...one.changes, ...added] };
}

function nothing(reason: string): Wanted & { want: "nothing" } {
  return { want: "nothing", reason };
}
