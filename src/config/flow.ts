import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { flowAlerts } from "./alerts.ts";
import { announce, announceSettings } from "./announce.ts";
import { completion, completionSettings } from "./completion.ts";
import { destination, destinationSettings } from "./destination.ts";
import { finish } from "./finish.ts";
import { history } from "./history.ts";
import { flowLog } from "./log.ts";
import { retain } from "./retain.ts";
import { retry } from "./retry.ts";
import { schedule } from "./schedule.ts";
import { schemasOf, type SectionContext, settingsOf } from "./section.ts";
import { source, sourceSettings } from "./source.ts";
import { vip } from "./vip.ts";

/** The keys of a flow that need nothing of one another. A new one is a new file, and a line here. */
const sections = {
  finish,
  retry,
  retain,
  history,
  schedule,
  vip,
  log: flowLog,
  alerts: flowAlerts,
};

export const flowSchema = z
  .strictObject({ source, destination, announce, completion, ...schemasOf(sections) })
  .describe("A flow: a named way from one source to one destination.");
export type FlowValue = z.output<typeof flowSchema>;

/** Cannot fail: what could is found by the schema and by `rules.ts` before. What is published is named by where it comes from, or went. */
export function flowSettings(name: string, flow: FlowValue, context: SectionContext): FlowSettings {
  const { url, lanes, remove } = flow.destination;
  const about = { flow: name, lanes: url === undefined ? null : lanes, removes: remove?.directory ?? null };
  const from = sourceSettings(flow.source, about, context);
  const to = destinationSettings(flow.destination, from, context);
  return {
    name,
    source: from,
    destination: to,
    announce: announceSettings(flow.announce, to.place, context.base),
    completion: completionSettings(name, flow.completion, context.base),
    ...settingsOf(sections, flow, context),
  };
}
