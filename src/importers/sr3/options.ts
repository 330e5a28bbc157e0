import type { Option } from "./option.ts";
import { brokerOptions } from "./options-broker.ts";
import { fileOptions } from "./options-files.ts";
import { processOptions } from "./options-process.ts";

/** Every option of sr3 3.00.56. The presets are those that are in effect, which are not always those of its manual. */
export const options: ReadonlyMap<string, Option> = new Map(
  [...fileOptions, ...brokerOptions, ...processOptions].map(([name, type, preset, components, how, what]) => [
    name,
    { name, type, preset, components, carried: { how, what } },
  ]),
);

/** The members that a set may have. */
export const setMembers: Readonly<Record<string, readonly string[]>> = {
  fileEvents: ["create", "delete", "link", "mkdir", "modify", "rmdir"],
  logEvents: [
    "ack",
    "after_accept",
    "after_gather",
    "after_post",
    "after_work",
    "destfn",
    "do_poll",
    "download",
    "gather",
    "metricsReport",
    "nodupe",
    "on_cleanup",
    "on_declare",
    "on_housekeeping",
    "on_sanity",
    "on_start",
    "on_stop",
    "please_stop",
    "poll",
    "post",
    "reject",
    "send",
  ],
};
