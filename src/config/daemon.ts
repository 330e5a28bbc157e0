import type * as z from "zod";
import type { DaemonSettings } from "./daemon-settings.ts";
import { schemasOf, type SectionContext, settingsOf } from "./section.ts";

/** The keys at the top of the file beside `vars` and `flows`. A new one is a new file, and a line here. */
const sections = {};

export const daemonSchemas = schemasOf(sections);
export type DaemonValue = { [Name in keyof typeof daemonSchemas]: z.output<(typeof daemonSchemas)[Name]> };

/** Cannot fail: what could is found by the schemas before. */
export function daemonSettings(values: DaemonValue, context: SectionContext): DaemonSettings {
  return settingsOf(sections, values, context);
}
