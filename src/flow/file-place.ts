import { assert } from "../kernel/errors.ts";
import type { DestinationSettings, FilePlace } from "./settings.ts";

/** For whoever moves files; a flow that publishes moves none, and does not come by. */
export function filePlaceOf({ place }: Pick<DestinationSettings, "place">): FilePlace {
  assert(place.kind === "file" || place.kind === "sftp", "files are moved to a directory, and not to a broker");
  return place;
}
