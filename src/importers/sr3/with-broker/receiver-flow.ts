import { escapeUrl } from "../../address.ts";
import type { NativeEntry, NativeFlow } from "../../native-document.ts";
import type { At, Remarks } from "../../remark.ts";
import { formatName } from "../configuration-file.ts";
import { type DestinationContext, restEntries, sendingEntry } from "../destination-keys.ts";
import * as keys from "../flow-keys.ts";
import type { Configuration } from "../reader.ts";
import { senderOf } from "../sender.ts";
import { notePlaces } from "../side-notes.ts";
import type { BrokerContext } from "./broker-keys.ts";
import { commonDirectory, directoryOf } from "./placed-directory.ts";
import { announceEntry } from "./publication.ts";
import type { QueueContext } from "./queue.ts";
import { type PlacingRule, type Routes, routesOf } from "./routes.ts";
import * as source from "./subscription.ts";

export type ReceiverContext = BrokerContext & QueueContext & DestinationContext;

/** A sender: what messages tell of is sent over SSH. */
export function senderFlow(configuration: Configuration, name: string, context: ReceiverContext, remarks: Remarks): NativeFlow | null {
  const { effective } = configuration;
  const sender = senderOf(configuration, context.homeDirectory, remarks);
  notePlaces(configuration, remarks);
  const subscribe = sender === null ? null : source.subscribeEntry(configuration, context, remarks);
  const rule: PlacingRule = {
    place: (placement) => directoryOf(placement, configuration, "/", context.homeDirectory),
    whole: commonDirectory,
  };
  const routes = routesOf(configuration, rule, remarks);
  if (sender === null || subscribe === null || routes === null) return null;
  if (effective.flag("delete_source") && sender.baseDir === null)
    remarks.error(
      effective.at("delete_source"),
      "delete_source: without baseDir a message could name any file of this user: name the directory that files are removed from",
    );
  const sides = { poster: effective, sender: effective };
  const entries: NativeEntry[] = [
    sourceEntry(configuration, subscribe, routes, source.baseEntry(configuration, context.homeDirectory), remarks),
    sendingEntry(sender, sides, { directory: routes.destination, from: directoryLines(configuration) }, context, remarks),
    ...announceEntry(configuration, routes.destination, null, context, remarks),
    ...restEntries(sides, remarks),
  ];
  return { name, about: formatName(configuration), entries, members: routes.members };
}

/** A subscribe or a sarra: what messages tell of is fetched into a directory here. */
export function downloadFlow(configuration: Configuration, name: string, context: ReceiverContext, remarks: Remarks): NativeFlow | null {
  const { effective, file, component } = configuration;
  const subscribe = source.subscribeEntry(configuration, context, remarks);
  const rule: PlacingRule = {
    place: (placement) => directoryOf(placement, configuration, "", context.homeDirectory),
    whole: commonDirectory,
  };
  const routes = routesOf(configuration, rule, remarks);
  if (subscribe === null || routes === null) return null;
  const { destination } = routes;
  const directoryAt = effective.at("directory") ?? { file, line: 1 };
  if (!destination.startsWith("/")) {
    const late = effective.text("directory") !== null && destination === "";
    const why = late
      ? "directory: it stands below the accept lines"
      : destination === ""
        ? `${component} names no directory`
        : `directory: ${destination} is relative`;
    remarks.error(directoryAt, `${why}, so that sr3 writes below where it was started`);
    return null;
  }
  const sides = { poster: effective, sender: effective };
  // As sr3 names a copy on this machine.
  const fallback = { baseUrl: "file:/", pathPrefix: destination.replace(/^\//, ""), from: [] };
  const entries: NativeEntry[] = [
    sourceEntry(configuration, subscribe, routes, sshEntries(context, remarks), remarks),
    {
      key: "destination",
      value: [
        { key: "url", value: `file:${escapeUrl(destination)}`, from: directoryLines(configuration) },
        ...keys.lanesEntry(sides, remarks),
        ...keys.inflightEntry(sides, remarks),
        ...keys.preserveEntry(sides),
        ...keys.bandwidthEntry(sides),
      ],
    },
    ...announceEntry(configuration, destination, fallback, context, remarks),
    ...keys.retryEntry(sides, remarks),
    ...keys.vipEntry(sides, remarks),
    ...keys.logEntry(sides),
  ];
  return { name, about: formatName(configuration), entries, members: routes.members };
}

function sourceEntry(
  configuration: Configuration,
  subscribe: NativeEntry,
  routes: Routes,
  more: readonly NativeEntry[],
  remarks: Remarks,
): NativeEntry {
  return {
    key: "source",
    value: [
      subscribe,
      ...more,
      ...routes.entries,
      ...source.settleEntry(configuration, remarks),
      ...source.duplicatesEntry(configuration),
      source.propagateEntry(configuration, false),
    ],
  };
}

function directoryLines({ effective }: Configuration): At[] {
  const lines = effective.each("directory").flatMap(({ at }) => at ?? []);
  return lines.length > 0 ? lines : [effective.at("post_baseDir")].filter((at) => at !== null);
}

/** The key that credentials.conf has for downloads, where it is one for all hosts. */
function sshEntries({ credentials, homeDirectory }: ReceiverContext, remarks: Remarks): NativeEntry[] {
  const withKey = credentials.filter(({ scheme, keyFile }) => keyFile !== null && ["sftp", "scp", "ssh", "fish"].includes(scheme));
  const [first] = withKey;
  if (first === undefined) return [];
  const other = withKey.find(({ keyFile }) => keyFile !== first.keyFile);
  if (other === undefined) return keys.sshEntry(first, homeDirectory);
  remarks.note(
    { file: "credentials.conf", line: other.line },
    "there are several keys: put each into ~/.ssh/config, beside its Host (IdentityFile)",
  );
  return [];
}
