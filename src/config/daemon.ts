import type * as z from "zod";
import { alerts, webhookIsOne } from "./alerts.ts";
import type { DaemonSettings } from "./daemon-settings.ts";
import { log } from "./log.ts";
import { page, pageIsPrivate } from "./page.ts";
import type { RuleFault } from "./rules.ts";
import { schemasOf, type SectionContext, settingsOf } from "./section.ts";
import type { Partially } from "./shape.ts";

/** The keys at the top of the file beside `vars` and `flows`. A new one is a new file, and a line here. */
const sections = {
  page,
  log,
  alerts,
};

export const daemonSchemas = schemasOf(sections);
export type DaemonValue = { [Name in keyof typeof daemonSchemas]: z.output<(typeof daemonSchemas)[Name]> };

/** Cannot fail: what could is found by the schemas before. */
export function daemonSettings(values: DaemonValue, context: SectionContext): DaemonSettings {
  return settingsOf(sections, values, context);
}

/** What needs more than one value to be seen. Each is silent where its values are missing or wrong. */
export function daemonRules(values: Partially<DaemonValue>): RuleFault[] {
  return [...pageIsPrivate(values.page), ...webhookIsOne(values.alerts)];
}
