import { type Bytes, join, type RelPath } from "../../kernel/path.ts";
import type { Announced } from "../bus.ts";
import { changedMode, type Chmod } from "../chmod.ts";
import type { Digest } from "../digest.ts";
import { type Owed, pubTimeOf } from "../ledger/announcements.ts";
import type { FlowSettings, PublishSettings } from "../settings.ts";
import type { Change } from "../transfer.ts";

/** What a message tells of a change. A message that it came by is passed on with its time and all its fields. Pure. */
export function announcementOf(
  owed: Omit<Owed, "digest">,
  known: { digest: Digest | null; content: Buffer | null },
  { publish, settings }: { publish: PublishSettings; settings: Pick<FlowSettings, "destination" | "source"> },
): Announced {
  const { cameBy, change } = owed;
  const { mode, mtime } = settings.destination.preserve;
  return {
    change: prefixed(asItIsThere(change, settings.destination.chmod), publish.pathPrefix),
    ...known,
    pubTimeNs: cameBy?.pubTimeNs ?? pubTimeOf(owed),
    ownPubTimeNs: pubTimeOf(owed),
    baseUrl: publish.baseUrl ?? cameBy?.baseUrl ?? `file:${settings.source.root === "/" ? "" : settings.source.root}`,
    passedOn: cameBy?.body ?? null,
    preserve: { mode, mtime },
  };
}

/** With the mode that it has at the destination. */
function asItIsThere(change: Change, chmod: Chmod | null): Change {
  if (chmod === null || !("mode" in change)) return change;
  const directory = change.kind === "mkdir" || (change.kind === "rename" && change.directory);
  return { ...change, mode: changedMode(change.mode, chmod, directory ? "directory" : "file") };
}

function prefixed(change: Change, prefix: Bytes): Change {
  if (prefix === "") return change;
  const below = (path: RelPath): RelPath => join(prefix as RelPath, path);
  return change.kind === "rename"
    ? { ...change, path: below(change.path), from: below(change.from) }
    : { ...change, path: below(change.path) };
}
