import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { from, hoursOf, onDays, to } from "./hours.ts";
import { section } from "./section.ts";

export const schedule = section({
  schema: z
    .array(
      z.strictObject({
        from: from.describe("When it begins to send, by local time."),
        to: to.describe("When it stops. Earlier than `from`: on the next day."),
        days: onDays.optional().describe("The days on which the window begins. Default: each day."),
      }),
    )
    .min(1)
    .max(50)
    .meta({ title: "list of windows" })
    .optional()
    .describe("The windows of time in which the flow sends; outside of them it is paused, and notes what comes. Default: always."),
  settings: (value): Pick<FlowSettings, "schedule"> => ({ schedule: (value ?? []).map(hoursOf) }),
});
