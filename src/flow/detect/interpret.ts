import { closeFd } from "../../kernel/native.ts";
import { type Bytes, parentOf, type RelPath, show } from "../../kernel/path.ts";
import type { Directory, DirectoryTree } from "./directory-tree.ts";
import type { NextEvent, QueuedEvent } from "./event-queue.ts";
import { mask } from "./inotify-event.ts";
import { lookAt } from "./look.ts";
import type { Opener } from "./opener.ts";
import type { Outbox } from "./outbox.ts";
import type { Survey } from "./survey.ts";
import type { Watches } from "./watches.ts";

export type InterpretParts = { tree: DirectoryTree; watches: Watches; opener: Opener; outbox: Outbox; survey: Survey };

/** What an event asks for beyond its own path. `reason`: what to tell people; null: ordinary. */
export type Consequence = { kind: "none" } | { kind: "check-root" } | { kind: "scan"; reason: string | null };
const none: Consequence = { kind: "none" };

/**
 * Turns one event into sightings and keeps the tree. An event only names a place: what is there is
 * looked at now. Where its directory has been moved on meanwhile there is nothing to look at, and
 * the event of that move, which is still to come, covers it.
 */
export function interpret(parts: InterpretParts, next: NextEvent): Consequence {
  const { event } = next;
  if ((event.mask & mask.overflow) !== 0) return { kind: "scan", reason: "more changes at once than the kernel's event queue holds" };
  if ((event.mask & mask.ignored) !== 0) return forget(parts, event);
  const directory = parts.tree.byWatch(event.wd);
  if (directory !== undefined && event.name === "") return ofItself(parts, event, directory);
  if ((event.mask & mask.movedFrom) !== 0) return departed(parts, event, directory, next.movedTo);
  if (directory === undefined) return none;
  if ((event.mask & mask.delete) !== 0) return removed(parts, event, directory);
  parts.survey.sight(directory, event.name, (event.mask & (mask.closeWrite | mask.movedTo)) !== 0);
  return none;
}

function forget(parts: InterpretParts, event: QueuedEvent): Consequence {
  const directory = parts.tree.forgetWatch(event.wd);
  parts.watches.counted(parts.tree.watched);
  return directory === parts.tree.root ? { kind: "check-root" } : none;
}

function ofItself(parts: InterpretParts, event: QueuedEvent, directory: Directory): Consequence {
  if (directory === parts.tree.root)
    return (event.mask & (mask.deleteSelf | mask.moveSelf | mask.unmount)) === 0 ? none : { kind: "check-root" };
  if ((event.mask & mask.unmount) === 0) return none;
  const path = parts.tree.pathOf(directory);
  return { kind: "scan", reason: `the file system of ${path === null || path === "" ? "a directory" : show(path)} was unmounted` };
}

/** Either end of a move may be outside of the source, or in a directory whose place is not known at the moment. */
function departed(parts: InterpretParts, event: QueuedEvent, from: Directory | undefined, movedTo: QueuedEvent | null): Consequence {
  const { tree, outbox } = parts;
  const to = movedTo === null ? undefined : tree.byWatch(movedTo.wd);
  const path = to === undefined || movedTo === null ? null : tree.pathIn(to, movedTo.name);
  const oldPath = from === undefined ? null : (tree.pathIn(from, event.name) ?? tree.formerPathIn(from, event.name));
  if (movedTo === null || to === undefined || path === null) return from === undefined ? none : removed(parts, event, from);
  if (from === undefined || oldPath === null) {
    parts.survey.sight(to, movedTo.name, true);
    return none;
  }
  const directory = (event.mask & mask.isDirectory) !== 0;
  outbox.add({ kind: "moved", from: oldPath, path, directory });
  if (directory) return moveDirectory(parts, { from, event, to, movedTo });
  parts.survey.sight(to, movedTo.name, true);
  return none;
}

/** The tree follows the event; where the look says otherwise (two directories were exchanged, or moves are yet to be read) the look wins, and a scan tells the rest. */
function moveDirectory(
  parts: InterpretParts,
  moved: { from: Directory; event: QueuedEvent; to: Directory; movedTo: QueuedEvent },
): Consequence {
  const { tree, survey, opener } = parts;
  const { from, event, to, movedTo } = moved;
  const known = tree.at(from, event.name);
  const dirFd = opener.stand(tree, to);
  if (dirFd === null) {
    if (known !== undefined) tree.move(known, to, movedTo.name);
    return none;
  }
  survey.takeUp({ dirFd, directory: to, name: movedTo.name, always: true });
  if (known === undefined || tree.at(from, event.name) !== known) return none;
  if (tree.at(to, movedTo.name) === undefined) {
    // Nothing there (any more): a later event tells where it went from here.
    tree.move(known, to, movedTo.name);
    return none;
  }
  // Something else is there: the known one was put in its place by an earlier look, or the two were exchanged.
  tree.lose(known);
  survey.sight(from, event.name, false);
  return { kind: "scan", reason: null };
}

/** Deleted, or moved out of the source. */
function removed(parts: InterpretParts, event: QueuedEvent, parent: Directory): Consequence {
  const { tree, watches, outbox, survey } = parts;
  const path = tree.pathIn(parent, event.name) ?? tree.formerPathIn(parent, event.name);
  if (path === null) return none;
  if (isThere(parts, parent, event.name, path)) {
    survey.sight(parent, event.name, false);
    return none;
  }
  const directory = (event.mask & mask.isDirectory) !== 0;
  const known = directory ? tree.at(parent, event.name) : undefined;
  if (known !== undefined) {
    tree.leave(known);
    watches.counted(tree.watched);
  }
  outbox.add({ kind: "gone", path, directory });
  return none;
}

/** Where the directory cannot be looked at any more the event stands for itself: it is what happened, in its order. */
function isThere(parts: InterpretParts, directory: Directory, name: Bytes, path: RelPath): boolean {
  const stray = parts.tree.pathOf(directory) === null;
  const dirFd = stray ? parts.opener.walk(parentOf(path)) : (parts.opener.stand(parts.tree, directory) ?? -1);
  if (dirFd < 0) return false;
  const there = lookAt({ dirFd, name, path, how: "event", leases: false, closed: false, follow: false });
  if (stray) closeFd(dirFd);
  return there.kind === "directory" || (there.kind === "seen" && there.sighting.kind !== "unreadable");
}
