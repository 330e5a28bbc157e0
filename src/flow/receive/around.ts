import { type Bytes, nameOf, parentOf, type RelPath } from "../../kernel/path.ts";
import type { Told } from "../bus.ts";
import type { Below } from "../send/list-below.ts";
import type { Change } from "../transfer.ts";
import type { WantedChange } from "./admit-message.ts";
import type { Batch, ReceiveContext } from "./batch.ts";
import type { Place, Places } from "./places.ts";
import { routeOf } from "./route.ts";

type Looking = Pick<ReceiveContext, "looks" | "source">;

/**
 * What was made at the destination may have made directories above it there that the source has no more, after whoever removed
 * these. Only for sources on this machine.
 */
export function goneAbove({ looks, source }: Looking, batch: Batch, baseUrl: string, { path: place }: Places): WantedChange[] {
  const wanted: WantedChange[] = [];
  if (!source.propagate.has("rmdir")) return wanted;
  for (let at = above(place); at !== null; at = above(at)) {
    const now = looks.now(baseUrl, { path: at, from: null }, batch.local);
    if (now instanceof Promise || !isAnother(now.path, "rmdir")) break;
    wanted.push({ change: { kind: "rmdir", path: at.path }, relPath: at.relPath });
  }
  return wanted;
}

/** null: above that, the destination is another tree than the source. */
function above({ relPath, path }: Place): Place | null {
  const up = { relPath: parentOf(relPath), path: parentOf(path) };
  if (up.relPath === "" || up.path === "") return null;
  const same = { relPath: up.relPath, path: up.path };
  return nameOf(same.relPath) === nameOf(same.path) ? same : null;
}

/**
 * What a directory that was renamed took along, or left behind, without a message of its own: what of it the source does not have
 * goes. `below`: as listed at the destination
 * before this look, with both names themselves.
 */
export function strayBelow(
  { looks, source }: Looking,
  batch: Batch,
  told: Pick<Told, "baseUrl" | "source" | "pubTimeNs">,
  { path, from }: Places,
  below: readonly Below[],
): WantedChange[] {
  return below.flatMap((stray) => {
    const top = from !== null && `${stray.path}/`.startsWith(`${from.path}/`) ? from : path;
    const relPath = `${top.relPath}${stray.path.slice(top.path.length)}` as Bytes as RelPath;
    const routed = routeOf(source, { ...told, relPath });
    // What would not have come there by a message is none of ours.
    if (!routed.ok || routed.path !== stray.path) return [];
    const kind = stray.directory ? "rmdir" : "delete";
    const now = looks.now(told.baseUrl, { path: { relPath, path: stray.path }, from: null }, batch.local);
    const change: Change = { kind, path: stray.path };
    return !source.propagate.has(kind) || now instanceof Promise || !isAnother(now.path, kind) ? [] : [{ change, relPath }];
  });
}

/** Whether the source has nothing of the kind there, and can be asked. */
function isAnother({ sighting, absence }: { sighting: { kind: string }; absence: { kind: string } }, kind: "delete" | "rmdir"): boolean {
  if (sighting.kind === "unreadable") return false;
  if (sighting.kind === "gone") return absence.kind === "gone";
  return (sighting.kind === "directory") !== (kind === "rmdir");
}
