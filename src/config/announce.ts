import * as z from "zod";
import { wireOfBytes } from "../broker/messages/untrusted-path.ts";
import type { DestinationSettings, PublishSettings } from "../flow/settings.ts";
import type { Bytes } from "../kernel/path.ts";
import type { LocalBase } from "./local-path.ts";
import { fileUrl, type PathOrigin, publicationKeys, publishSettings } from "./publish.ts";

const schema = z.strictObject(
  publicationKeys({
    baseUrl: "Default: the destination's URL.",
    pathPrefix: "Default: none.",
  }),
);

export const announce = schema
  .optional()
  .describe("Each delivery is told to others, by a message that is sent after its receipt. Without it nobody is told.");

export function announceSettings(
  value: z.output<typeof schema> | undefined,
  place: DestinationSettings["place"],
  base: LocalBase,
): PublishSettings | null {
  return value === undefined ? null : publishSettings(value, placeOrigin(place), base);
}

/** Where others find what was delivered. */
function placeOrigin(place: DestinationSettings["place"]): PathOrigin {
  const pathPrefix = "" as Bytes;
  switch (place.kind) {
    case "file":
      return { baseUrl: fileUrl(place.directory), pathPrefix };
    case "sftp": {
      const host = place.host.includes(":") ? `[${place.host}]` : place.host;
      const user = place.user === null ? "" : `${encodeURIComponent(place.user)}@`;
      const directory = place.directory.startsWith("/") ? place.directory : `/~/${place.directory}`;
      return {
        baseUrl: `sftp://${user}${host}${place.port === null ? "" : `:${place.port}`}${directory === "/" ? "" : wireOfBytes(directory as Bytes)}`,
        pathPrefix,
      };
    }
    // A rule has refused to announce what such a flow does.
    // Where a directory that commands fill can be fetched from, only its user knows.
    case "commands":
    case "publish":
    case "remove":
      return { baseUrl: null, pathPrefix };
  }
}
