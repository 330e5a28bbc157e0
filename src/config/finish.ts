import * as z from "zod";
import type { FinishSettings } from "../flow/finish-settings.ts";
import { command, duration, textField } from "./fields.ts";
import { checkPath, resolveArgument, resolvePath } from "./local-path.ts";
import { bad, good } from "./parsed.ts";
import { section } from "./section.ts";

const ingest = z.strictObject({
  command: command.describe(
    "The command, as a list of arguments; the delivered files of a batch follow as its last ones, as absolute paths. No shell sees them.",
  ),
  batch: z.int().min(1).max(1000).prefault(10).describe("So many files at most are handed to one run of the command."),
  workers: z.int().min(1).max(64).prefault(1).describe("So many commands run at once."),
  timeout: duration({ minMs: 1000 })
    .prefault("1h")
    .describe("A command that prints nothing for so long is ended, with all that it started."),
  interrupted: z
    .enum(["wait", "again"])
    .prefault("wait")
    .describe(
      "What is done with files that were with the command when hotdir ended: they wait as UNKNOWN for `hotdir retry`, or are handed over `again`.",
    ),
});

const catalog = z.strictObject({
  database: textField({ title: "path", examples: ["/data/endpoint.db"], parse: checkPath }).describe("An SQLite database that is there."),
  table: textField({
    title: "name",
    examples: ["files"],
    parse: (text) => (text === "" || text.includes("\0") ? bad("a table has a name") : good(text)),
  }).describe("Its table: `relpath`, `filename` (unique), `checksum` (unique), `size_bytes`, `added_on`."),
  duplicates: z
    .enum(["keep", "delete"])
    .prefault("keep")
    .describe(
      "A file whose name and checksum the table has already: it stays in the source, or goes once the bytes in the destination are compared.",
    ),
});

const schema = z
  .strictObject({
    ingest: ingest
      .optional()
      .describe("Each delivered file is handed to your command, in batches; it tells of each file whether it could be ingested."),
    catalog: catalog.optional().describe("Each delivered file gets a row in a table of yours. The checksum is that of its receipt."),
  })
  .optional()
  .describe("What is done with each delivered file after its receipt. Only for destinations on this machine (`file:`).");

export type FinishValue = z.output<typeof schema>;

export const finish = section({
  schema,
  settings: (value, { base }): { finish: FinishSettings } => ({
    finish: {
      ingest:
        value?.ingest === undefined
          ? null
          : {
              command: value.ingest.command.map((argument) => resolveArgument(argument, base)),
              batchMax: value.ingest.batch,
              workers: value.ingest.workers,
              silenceMs: value.ingest.timeout,
              again: value.ingest.interrupted === "again",
            },
      catalog:
        value?.catalog === undefined
          ? null
          : { database: resolvePath(value.catalog.database, base), table: value.catalog.table, duplicates: value.catalog.duplicates },
    },
  }),
});
