import { never } from "../../kernel/errors.ts";
import type { ChangeKind } from "../settings.ts";
import type { Change } from "../transfer.ts";
import { sameVersion } from "../version.ts";
import { asFound, inPlaceOf, isThereAgain, type Now, type Wanted } from "./wanted.ts";
import type { Looked } from "./source-look.ts";

export type Stands = {
  propagate: ReadonlySet<ChangeKind>;
  nowMs: number;
  /** An attempt may have put it there; false: nothing was ever tried. */
  tried: boolean;
  /** The destination has what the change tells. */
  made: boolean;
  /** Our own retention takes source files away, so that one that is gone says nothing. */
  retains: boolean;
};

/**
 * What is left to do after a change was made true at the destination (or was given up as no longer wanted): nothing, where the
 * source is as it was. Whichever host touched a path last looks after that, so the destination ends as the source does (P7). Pure.
 */
export function leftToDo(done: Change, now: Now, facts: Stands): Wanted {
  switch (done.kind) {
    case "put":
    case "link":
    case "mkdir":
      return unlessSame(done, now.path, facts);
    case "rename":
      return afterRename(done, now, facts);
    case "delete":
    case "rmdir":
      // Also what is of another kind: it waited for this one, and may have given way to it.
      return now.path.sighting.kind === "gone" ? same : foundAgain(now.path, facts);
    default:
      return never(done);
  }
}

const same: Wanted = { want: "nothing", reason: "the source is as it was" };

function unlessSame(done: Change, looked: Looked, facts: Stands): Wanted {
  const { sighting, absence } = looked;
  const kind = done.kind === "mkdir" || (done.kind === "rename" && done.directory) ? "rmdir" : "delete";
  if (sighting.kind !== "gone") {
    if (facts.made && isSame(done, looked)) return same;
    const found = foundAgain(looked, facts);
    return facts.tried ? inPlaceOf(kind, done.path, found, facts.propagate) : found;
  }
  if (absence.kind === "lost") return { want: "source-back", reason: absence.reason };
  if (absence.kind === "unknown" || !facts.tried || facts.retains || !facts.propagate.has(kind)) return same;
  return { want: "changes", changes: [{ kind, path: done.path }] };
}

/** What nobody can look at is left as it is: whoever can, is told of it. */
function foundAgain(looked: Looked, facts: Stands): Wanted {
  const found = asFound(looked, facts.propagate, facts.nowMs, null);
  return found.want === "fail" ? same : found;
}

function isSame(done: Change, { sighting }: Looked): boolean {
  switch (done.kind) {
    case "put":
      return sighting.kind === "file" && sameVersion(sighting.version, done.version);
    case "link":
      return sighting.kind === "symlink" && sighting.target === done.target;
    case "mkdir":
      return sighting.kind === "directory";
    case "rename":
      if (done.directory) return sighting.kind === "directory";
      return done.version === null ? sighting.kind === "symlink" : sighting.kind === "file" && sameVersion(sighting.version, done.version);
    default:
      return false;
  }
}

/** Both names: the new one as of a file that was put, and the old one, which may have something again. */
function afterRename(done: Change & { kind: "rename" }, now: Now, facts: Stands): Wanted {
  const path = unlessSame(done, now.path, facts);
  if (path.want !== "nothing" && path.want !== "changes") return path;
  if (now.from === null || now.from.sighting.kind === "gone") return path;
  const from = foundAgain(now.from, facts);
  if (from.want !== "changes") return from.want === "nothing" ? path : from;
  return path.want === "changes" ? { want: "changes", changes: [...path.changes, ...from.changes] } : from;
}

/** What keeps a rename or removal from being made: it is no longer wanted (`ends`), or nobody can say. Pure. */
export function whatStops(change: Change, now: Now): { ends: boolean; reason: string } | null {
  if (change.kind === "delete" || change.kind === "rmdir") {
    if (isThereAgain(change.kind, now.path.sighting)) return { ends: true, reason: "it is there again at the source" };
    return unlessAway(now.path);
  }
  if (change.kind !== "rename" || now.from === null) return null;
  // What has the old name now as something of another kind cannot come before what has it over there is gone.
  if (isThereAgain(change.directory ? "rmdir" : "delete", now.from.sighting))
    return { ends: true, reason: "its old name is there again at the source" };
  const away = unlessAway(now.from) ?? (change.directory ? unlessAway(now.path) : null);
  const isGone = change.directory && now.path.sighting.kind !== "directory";
  return away === null && isGone ? { ends: true, reason: "its new name is no directory any more at the source" } : away;
}

function unlessAway({ sighting, absence }: Looked): { ends: false; reason: string } | null {
  if (sighting.kind === "unreadable") return { ends: false, reason: `it cannot be looked at: ${sighting.code}` };
  return sighting.kind === "gone" && absence.kind === "lost" ? { ends: false, reason: absence.reason } : null;
}
