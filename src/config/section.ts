import type * as z from "zod";
import type { LocalBase } from "./local-path.ts";

/** What a section may use besides its own value to become settings. */
export type SectionContext = { base: LocalBase; defaultSsh: readonly string[] };

/**
 * One key of a flow, or of the top of the file. `schema` says what may be written (checks that need more than one
 * value belong in `rules.ts`: they run even where another value is wrong); `settings` turns what was written into
 * its part of the settings, and cannot fail.
 */
export type Section<Schema extends z.ZodType, Part extends object> = {
  schema: Schema;
  settings: (value: z.output<Schema>, context: SectionContext) => Part;
};

export function section<Schema extends z.ZodType, Part extends object>(of: Section<Schema, Part>): Section<Schema, Part> {
  return of;
}

type Sections = Record<string, Section<z.ZodType, object>>;
type Schemas<Of extends Sections> = { [Name in keyof Of]: Of[Name]["schema"] };
type Values<Of extends Sections> = z.output<z.ZodObject<Schemas<Of>>>;
type Together<Union> = (Union extends unknown ? (part: Union) => void : never) extends (part: infer Parts) => void ? Parts : never;

type Whole<Of extends Sections> = Together<ReturnType<Of[keyof Of]["settings"]>>;

/** The schemas of some sections, by key. */
export function schemasOf<Of extends Sections>(sections: Of): Schemas<Of> {
  // `fromEntries` forgets which schema belongs to which key; `sections` is what says so.
  return Object.fromEntries(Object.entries(sections).map(([name, { schema }]) => [name, schema])) as Schemas<Of>;
}

/** What all sections make of their values, in one. */
export function settingsOf<Of extends Sections>(sections: Of, values: Values<Of>, context: SectionContext): Whole<Of> {
  const byName: Record<string, unknown> = values;
  const parts = Object.entries(sections).map(([name, of]) => of.settings(byName[name], context));
  // Every section of the type has given its part.
  return Object.assign({}, ...parts) as Whole<Of>;
}
