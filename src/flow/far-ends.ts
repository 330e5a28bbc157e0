import { PublishEnd, type PublishEndOptions } from "./announce/publish-end.ts";
import { FileEnd, type FileEndOptions } from "./file-end.ts";
import type { FlowEnd } from "./flow-end.ts";

/** The far end that the settings ask for. */
export function farEndOf(options: Omit<PublishEndOptions, "publish"> & FileEndOptions): FlowEnd {
  const { place } = options.settings.destination;
  return place.kind === "publish" ? new PublishEnd({ ...options, publish: place.publish }) : new FileEnd(options);
}
