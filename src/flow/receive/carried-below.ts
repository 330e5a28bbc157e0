import { readdirSync } from "node:fs";
import { type AbsPath, bytesOf, fsPath, join, type RelPath } from "../../kernel/path.ts";
import type { Told } from "../bus.ts";
import * as admissions from "../ledger/admissions.ts";
import type { Change } from "../transfer.ts";
import { sameVersion } from "../version.ts";
import type { WantedChange } from "./admit-message.ts";
import type { ReceiveContext } from "./batch.ts";
import type { Routed } from "./places.ts";
import { routeOf } from "./route.ts";
import { baseHere, type LocalLooks } from "./source-look.ts";
import { asFound } from "./wanted.ts";

/** More than this is not looked through because of one message. */
const BELOW_MAX = 50_000;

/**
 * What a directory on this machine carried along under its new name, and its new place may lack: what was not yet sent under the
 * old names, whose own messages find nothing there any more. One message tells of the whole directory (sr3's C library), so nobody else will.
 */
export function carriedBelow(context: ReceiveContext, local: LocalLooks, told: Told, routed: Routed): WantedChange[] {
  const { source, clock } = context;
  const base = baseHere(source, told.baseUrl);
  const wanted: WantedChange[] = [];
  const directories: RelPath[] = base === null ? [] : [routed.path.relPath];
  for (const directory of directories) {
    for (const relPath of entriesOf(base!, directory)) {
      if (wanted.length >= BELOW_MAX) return wanted;
      const to = routeOf(source, { ...told, relPath });
      if (!to.ok) continue;
      const { sighting } = local.look(base!, relPath, to.path);
      if (sighting.kind === "directory") directories.push(relPath);
      const found = asFound({ sighting, absence: { kind: "gone" } }, source.propagate, clock.wall(), null);
      // What is being written, or cannot be read, has a message of its own to come.
      for (const change of found.want === "changes" ? found.changes : [])
        if (!isCarried(context, change, routed)) wanted.push({ change, relPath });
    }
  }
  return wanted;
}

/** A directory that went meanwhile has nothing in it. */
function entriesOf(base: AbsPath, directory: RelPath): RelPath[] {
  try {
    return readdirSync(fsPath(join(base, directory)), { encoding: "buffer" }).map((name) => join(directory, bytesOf(name)));
  } catch {
    return [];
  }
}

/** Delivered under its old name as it is now: the destination renames it with its directory. */
function isCarried({ db, flow }: ReceiveContext, change: Change, { path, from }: Routed): boolean {
  if (from === null || change.kind !== "put" || !change.path.startsWith(`${path.path}/`)) return false;
  const old = admissions.newest(db, flow, `${from.path}${change.path.slice(path.path.length)}` as RelPath);
  return old?.state === "delivered" && old.version !== null && sameVersion(old.version, change.version);
}
