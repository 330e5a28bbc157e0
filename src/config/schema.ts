import * as z from "zod";
import { daemonSchemas } from "./daemon.ts";
import { flowSchema } from "./flow.ts";

/** Keys of the file that begin so are not read: a place for anchors that flows share. */
export const EXTENSION_PREFIX = "x-";

const variable = z.union([z.string(), z.number(), z.boolean()]).meta({ title: "text, number" });

/** What a configuration file may hold. Variables are filled in before. */
export const configurationSchema = z.strictObject({
  vars: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), variable)
    .optional()
    .describe(
      "Variables: `${NAME}` in any text stands for the value, else for the environment's; `$${` is a literal `${`. Each may use those above it.",
    ),
  flows: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/)
        .meta({ title: "letters, digits, - and _, at most 64" }),
      flowSchema,
    )
    .describe("The flows by name: letters, digits, `-` and `_`, at most 64."),
  ...daemonSchemas,
});
