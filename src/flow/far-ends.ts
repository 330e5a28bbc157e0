import { PublishEnd, type PublishEndOptions } from "./announce/publish-end.ts";
import { CommandEnd } from "./command/command-end.ts";
import { FileEnd, type FileEndOptions } from "./file-end.ts";
import { RemoveEnd, type RemoveEndOptions } from "./finish/remove-end.ts";
import type { FlowEnd } from "./flow-end.ts";

/** The far end that the settings ask for. */
export function farEndOf(options: Omit<PublishEndOptions, "publish"> & FileEndOptions & Omit<RemoveEndOptions, "place">): FlowEnd {
  const { place } = options.settings.destination;
  switch (place.kind) {
    case "publish":
      return new PublishEnd({ ...options, publish: place.publish });
    case "remove":
      return new RemoveEnd({ ...options, place });
    case "commands":
      return new CommandEnd({ ...options, place });
    case "file":
    case "sftp":
      return new FileEnd(options);
  }
}
