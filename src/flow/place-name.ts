import { show } from "../kernel/path.ts";
import type { DestinationSettings } from "./settings.ts";

/** The destination for people and logs, without any secret. */
export function describePlace(destination: DestinationSettings): string {
  const { place } = destination;
  if (place.kind === "file") return `file:${show(place.directory)}`;
  const user = place.user === null ? "" : `${place.user}@`;
  const port = place.port === null ? "" : `:${place.port}`;
  const directory = place.directory.startsWith("/") ? place.directory : `/~/${place.directory}`;
  return `sftp://${user}${place.host}${port}${directory}`;
}
