import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { flowAlerts } from "./alerts.ts";
import { destination } from "./destination.ts";
import { history } from "./history.ts";
import { flowLog } from "./log.ts";
import { retain } from "./retain.ts";
import { retry } from "./retry.ts";
import { schedule } from "./schedule.ts";
import { schemasOf, type SectionContext, settingsOf } from "./section.ts";
import { source } from "./source.ts";
import { vip } from "./vip.ts";

/** The keys of a flow. A new one is a new file, and a line here. */
const sections = {
  source,
  destination,
  retry,
  retain,
  history,
  schedule,
  vip,
  log: flowLog,
  alerts: flowAlerts,
};

export const flowSchema = z.strictObject(schemasOf(sections)).describe("A flow: a named way from one source to one destination.");
export type FlowValue = z.output<typeof flowSchema>;

/** Cannot fail: what could is found by the schema and by `rules.ts` before. */
export function flowSettings(name: string, flow: FlowValue, context: SectionContext): FlowSettings {
  return { name, announce: null, ...settingsOf(sections, flow, context) };
}
