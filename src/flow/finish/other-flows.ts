import { realpath } from "node:fs/promises";
import { type AbsPath, below, bytesOf, fsPath, join, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import { rejection } from "../admit/filter.ts";
import type { Database } from "../ledger/database.ts";
import type { FlowId } from "../ledger/flows.ts";
import type { MessageIdentity } from "../ledger/messages.ts";
import { isOwed } from "../ledger/owed.ts";
import { wasDelivered } from "../ledger/receipts.ts";
import { owesFile } from "../ledger/table-paths.ts";
import { routeOf } from "../receive/route.ts";
import type { FlowSettings } from "../settings.ts";
import type { Version } from "../version.ts";
import type { OtherFlow } from "./may-remove.ts";

/** A flow of the configuration with its ledger row. */
export type FlowEntry = { id: FlowId; settings: FlowSettings };

/**
 * Another flow whose source holds a file, and the names that it may know it by. `told`: it gets a message of it, too. `files`: it follows a table,
 * whose rows may name it so.
 */
export type Sharing = { flow: FlowEntry; paths: RelPath[]; told: boolean; files: AbsPath[] };

/** A file that is not where its path at the destination says: where it is on this machine, and the message that told of it (null: a row did). */
export type ToldFile = { root: AbsPath; path: RelPath; message: MessageIdentity | null };

/**
 * The other flows of the configuration, running or not, whose source holds a file of `flow`. Roots
 * are compared by where they really are: one tree may be named over several symlinks.
 */
export async function sharing(all: FlowEntry[], flow: FlowEntry, at: RelPath, toldFile: ToldFile | null = null): Promise<Sharing[]> {
  const { root: top, path } = toldFile ?? { root: flow.settings.source.root, path: at };
  const named = join(top, path);
  const parent = parentOf(path);
  // The file itself may be gone, or under a name of ours for now.
  const real = join(await realOf(parent === "" ? top : join(top, parent)), nameOf(path));
  const found: Sharing[] = [];
  for (const other of all) {
    if (other.id === flow.id) continue;
    const to = toldFile === null || toldFile.message === null ? null : toldTo(other, flow, toldFile.message);
    if (to !== null) {
      found.push({ flow: other, paths: [to], told: true, files: [] });
      continue;
    }
    if (other.settings.source.kind === "table") {
      found.push({ flow: other, paths: [], told: false, files: [...new Set([named, real])] });
      continue;
    }
    const { root, kind } = other.settings.source;
    const paths = new Set([below(await realOf(root), real)]);
    // What was posted is known by the name that somebody gave. A watched flow never comes over a symlink to any other.
    if (kind === "posted") paths.add(below(root, named));
    found.push({ flow: other, paths: [...paths].filter((one) => one !== null), told: false, files: [] });
  }
  return found;
}

/** Where another flow that subscribes to the same messages puts the file of this one; null: it does not want it. */
function toldTo(other: FlowEntry, flow: FlowEntry, message: MessageIdentity): RelPath | null {
  const [theirs, ours] = [other.settings.source, flow.settings.source];
  if (theirs.kind !== "subscribed" || ours.kind !== "subscribed" || !theirs.propagate.has("put")) return null;
  if (theirs.subscription.exchange !== ours.subscription.exchange) return null;
  const routed = routeOf(theirs, { ...message, source: null });
  return routed.ok ? routed.path : null;
}

/** A watched flow wants every file that its patterns take; one that is posted to wants what it was given. */
export function otherFlows(db: Database, sharers: Sharing[], version: Version): OtherFlow[] {
  return sharers.flatMap(({ flow, paths, told, files }) => {
    const { source, destination, name } = flow.settings;
    if (files.length > 0) return [{ name, wants: files.some((file) => owesFile(db, flow.id, file)), hasReceipt: false }];
    return paths.map((path) => ({
      name,
      wants:
        told || (source.kind === "watched" ? rejection(path, source) === null && source.propagate.has("put") : isOwed(db, flow.id, path)),
      // One that publishes proves nothing, and wants the file no more once it has told of it: what lets it go is another's receipt.
      hasReceipt: wasDelivered(db, flow.id, path, version, destination.place.kind === "publish" ? "publishing" : "digest"),
    }));
  });
}

/** Where nothing can be resolved, the name has to do. */
async function realOf(directory: AbsPath): Promise<AbsPath> {
  try {
    return bytesOf(await realpath(fsPath(directory), { encoding: "buffer" })) as unknown as AbsPath;
  } catch {
    return directory;
  }
}
