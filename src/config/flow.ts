import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { destination } from "./destination.ts";
import { history } from "./history.ts";
import { retain } from "./retain.ts";
import { retry } from "./retry.ts";
import type { SectionContext } from "./section.ts";
import { source } from "./source.ts";

/** The keys of a flow. A new one is a new file, and a line here. */
const sections = {
  source,
  destination,
  retry,
  retain,
  history,
};

type Sections = typeof sections;
type Schemas = { [Name in keyof Sections]: Sections[Name]["schema"] };
type Parts = ReturnType<Sections[keyof Sections]["settings"]>;
type Together<Union> = (Union extends unknown ? (part: Union) => void : never) extends (part: infer Parts) => void ? Parts : never;

// `fromEntries` forgets which schema belongs to which key; `sections` is what says so.
const schemas = Object.fromEntries(Object.entries(sections).map(([name, { schema }]) => [name, schema])) as Schemas;

export const flowSchema = z.strictObject(schemas).describe("A flow: a named way from one source to one destination.");
export type FlowValue = z.output<typeof flowSchema>;

/** Cannot fail: what could is found by the schema and by `rules.ts` before. */
export function flowSettings(name: string, flow: FlowValue, context: SectionContext): FlowSettings {
  const parts: Partial<FlowSettings> = {};
  for (const key of Object.keys(sections) as Array<keyof Sections>) Object.assign(parts, partOf(key, flow, context));
  // Every section of the type has given its part.
  return { name, ...(parts as Together<Parts>) };
}

function partOf<Name extends keyof Sections>(name: Name, flow: FlowValue, context: SectionContext): Partial<FlowSettings> {
  // Each section takes the value of its own schema; the compiler cannot follow that through the key.
  const settings = sections[name].settings as (value: FlowValue[Name], context: SectionContext) => Partial<FlowSettings>;
  return settings(flow[name], context);
}
