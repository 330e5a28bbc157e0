import * as z from "zod";
import type { FlowSettings } from "../flow/settings.ts";
import { logLevels } from "../kernel/log.ts";
import type { DaemonSettings } from "./daemon-settings.ts";
import { size } from "./fields.ts";
import { section } from "./section.ts";

const level = z.enum(logLevels);

/** At the top of the file. */
export const log = section({
  schema: z
    .strictObject({
      level: level
        .prefault("info")
        .describe("What is written: lines of this level and graver. At `info` there is one for each delivered file."),
      rotate: z
        .strictObject({
          size: size({ minBytes: 64 * 1024 })
            .prefault("32M")
            .describe("A file of the log that would grow above this is put aside, and a new one is begun."),
          keep: z.int().min(1).max(1000).prefault(8).describe("So many files stay, the one that is written included."),
        })
        .prefault({})
        .describe("How much of the log stays."),
    })
    .prefault({})
    .describe("The log in the state directory, `log/hotdir.log`. `hotdir log` shows it."),
  settings: (value): Pick<DaemonSettings, "log"> => ({
    log: { level: value.level, rotate: { sizeBytesMax: value.rotate.size, filesMax: value.rotate.keep } },
  }),
});

/** Of one flow. */
export const flowLog = section({
  schema: level.optional().describe("The log's level for this flow, in place of `log.level`."),
  settings: (value): Pick<FlowSettings, "log"> => ({ log: value ?? null }),
});
