import type * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import type { LocalBase } from "./local-path.ts";

/** What a section may use besides its own value to become settings. */
export type SectionContext = { base: LocalBase; defaultSsh: readonly string[] };

/**
 * One key of a flow. `schema` says what may be written (checks that need more than one value belong in
 * `rules.ts`: they run even where another value is wrong); `settings` turns what was written into its
 * part of the flow's settings, and cannot fail.
 */
export type Section<Schema extends z.ZodType, Part extends Partial<FlowSettings>> = {
  schema: Schema;
  settings: (value: z.output<Schema>, context: SectionContext) => Part;
};

export function section<Schema extends z.ZodType, Part extends Partial<FlowSettings>>(of: Section<Schema, Part>): Section<Schema, Part> {
  return of;
}
