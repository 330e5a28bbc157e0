import * as z from "zod";
import type { BandwidthSettings } from "../flow/settings.ts";
import { rate } from "./fields.ts";
import { from, hoursFaults, hoursOf, onDays, to, type WrittenHours } from "./hours.ts";
import type { RuleFault } from "./rules.ts";

/** Less would be an outage by another name. */
const limit = rate({ minBytesPerS: 1000 });

const window = z.strictObject({
  from: from
    .optional()
    .describe("When the limit begins to hold, by local time. Without `from` and `to`, as the last of the list: the rest of the time."),
  to: to.optional().describe("When it ends to hold. Earlier than `from`: on the next day."),
  days: onDays.optional().describe("The days on which the window begins. Default: each day."),
  limit: limit.describe("The most that all lanes together send within the window."),
});

export const bandwidth = z
  .union([limit, z.array(window).min(1).max(50).meta({ title: "list of windows" })])
  .prefault("unlimited")
  .describe("The most that all lanes together send: always, or by time of day; outside of all windows there is no limit.");

type BandwidthValue = z.output<typeof bandwidth>;
type Window = z.output<typeof window>;

export function bandwidthSettings(value: BandwidthValue): BandwidthSettings {
  if (!Array.isArray(value)) return value === null ? [] : [{ hours: null, bytesPerS: value }];
  return value.map((one) => {
    const hours = writtenHours(one);
    return { hours: hours === null ? null : hoursOf(hours), bytesPerS: one.limit };
  });
}

/** What needs several values of a list to be seen. */
export function bandwidthFaults(value: BandwidthValue, path: string[]): RuleFault[] {
  if (!Array.isArray(value)) return [];
  const single = value.flatMap((one, at): RuleFault[] => {
    const here = [...path, at];
    if ((one.from === undefined) !== (one.to === undefined))
      return [
        {
          path: here,
          message: `the window has no ${one.from === undefined ? "from" : "to"}: give both, or none in the last, which is the rest of the time`,
        },
      ];
    if (one.from !== undefined) return [];
    if (one.days !== undefined)
      return [{ path: [...here, "days"], about: "key", message: "days need from and to: a whole day is from 00:00 to 24:00" }];
    if (at < value.length - 1) return [{ path: here, message: "a window without from and to is the rest of the time: it stands last" }];
    return value.length === 1 ? [{ path, message: "a list of one limit for all the time is that limit alone" }] : [];
  });
  return [...single, ...hoursFaults(value.map(writtenHours), path)];
}

function writtenHours({ from: begin, to: end, days }: Window): WrittenHours | null {
  return begin === undefined || end === undefined ? null : { from: begin, to: end, days };
}
