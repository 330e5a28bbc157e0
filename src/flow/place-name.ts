import { type Bytes, show } from "../kernel/path.ts";
import type { DestinationSettings } from "./settings.ts";

/** The destination for people and logs, without any secret. */
export function describePlace({ place }: Pick<DestinationSettings, "place">): string {
  if (place.kind === "publish") return `${place.publish.broker.url} ${place.publish.exchange}`;
  if (place.kind === "remove") return `removal from ${show(place.directory)}`;
  if (place.kind === "file") return `file:${show(place.directory)}`;
  const user = place.user === null ? "" : `${place.user}@`;
  const port = place.port === null ? "" : `:${place.port}`;
  const shown = show(place.directory as Bytes);
  const directory = shown.startsWith("/") ? shown : `/~/${shown}`;
  return `sftp://${user}${place.host}${port}${directory}`;
}
