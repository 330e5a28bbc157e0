import * as z from "zod";
import type { RetainSettings } from "../flow/settings.ts";
import { duration, textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { section } from "./section.ts";

const schema = z
  .union([
    z.literal("keep"),
    z
      .strictObject({
        hold: textField({ title: "path", examples: ["/data/holding"], parse: checkPath })
          .optional()
          .describe(
            "Delivered files are moved into this directory, with the same relative path. A different file there is never overwritten.",
          ),
        delete_after: duration({ minMs: 0 })
          .optional()
          .describe("Delivered files are deleted so long after their receipt, if they are still what was delivered."),
        empty_directories_after: duration({ minMs: 0 })
          .optional()
          .describe("Directories that this leaves empty are removed after so long. Default: they stay."),
      })
      .meta({ oneOf: [{ required: ["hold"] }, { required: ["delete_after"] }] }),
  ])
  .prefault("keep")
  .meta({ title: "keep, {hold: DIRECTORY} or {delete_after: TIME}" })
  .describe("What becomes of the source file after its receipt. Nothing is removed without a receipt for the very version that is there.");

export const retain = section({
  schema,
  settings: (value, { base }): { retain: RetainSettings } => ({ retain: retainOf(value, base) }),
});

/** `rules.ts` has seen to it that one of the two is there. */
function retainOf(value: z.output<typeof schema>, base: LocalBase): RetainSettings {
  if (value === "keep") return { kind: "keep" };
  const emptyDirectoriesAfterMs = value.empty_directories_after ?? null;
  if (value.hold !== undefined) return { kind: "hold", directory: resolvePath(value.hold, base), emptyDirectoriesAfterMs };
  return value.delete_after === undefined ? { kind: "keep" } : { kind: "delete", afterMs: value.delete_after, emptyDirectoriesAfterMs };
}
