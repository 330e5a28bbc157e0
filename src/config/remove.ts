import * as z from "zod";
import type { RemovePlace } from "../flow/settings.ts";
import { textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";

const path = (example: string) => textField({ title: "path", examples: [example], parse: checkPath });

const schema = z.strictObject({
  directory: path("~/to_hpfx").describe(
    "Where the files are, each at the path of its message, or where `routes` say. Nothing outside of it is touched, also over no symbolic link.",
  ),
  hold: path("~/sent").optional().describe("They are moved into this directory, with the same relative path, instead of being deleted."),
});

export const remove = schema
  .optional()
  .describe(
    "Instead of `url`, with `subscribe`: no file is moved. A file here goes when a message tells that it is elsewhere, and only while it has the digest of the message.",
  );

export function removeSettings(value: z.output<typeof schema>, base: LocalBase): RemovePlace {
  return {
    kind: "remove",
    directory: resolvePath(value.directory, base),
    hold: value.hold === undefined ? null : resolvePath(value.hold, base),
  };
}
