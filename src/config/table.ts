import * as z from "zod";
import { digestAlgorithms } from "../flow/digest.ts";
import type { TableColumns, TableSource, TableValue } from "../flow/settings.ts";
import { duration, textField } from "./fields.ts";
import { checkPath, type LocalBase, resolvePath } from "./local-path.ts";
import { bad, good, type Parsed } from "./parsed.ts";
import type { RuleFacts, RuleFault } from "./rules.ts";

const NAME_MAX = 200;

function parseName(text: string): Parsed<string> {
  if (text === "") return bad("a name of a table or column is not empty");
  return text.length > NAME_MAX || text.includes("\0") ? bad(`a name has at most ${NAME_MAX} characters`) : good(text);
}

const needed = (name: string, says: string) =>
  textField({ title: "column", examples: [name], parse: parseName })
    .prefault(name)
    .describe(says);

const optional = (name: string, says: string) =>
  textField<string | null>({
    title: "column, or none",
    examples: [name, "none"],
    parse: (text) => (text === "none" ? good(null) : parseName(text)),
  })
    .prefault(name)
    .describe(says);

const columns = z
  .strictObject({
    id: needed("id", "Its INTEGER PRIMARY KEY."),
    file: needed("local_path", "The file: an absolute path, which may lead over symbolic links."),
    path: needed("remote_path", "Where it goes, relative to the destination."),
    digest: optional("local_md5sum", "What its content has to be; what differs is not sent. `none`: it is taken as it is found."),
    found: optional("remote_md5sum", "Gets the digest that was read back at the destination. A row in which both are equal is done."),
    registered_at: optional("timestamp", "When the row was registered, in seconds. `retain` counts from it."),
    delivered_at: optional("copied", "Gets the time of the delivery."),
    removed_at: optional("removed", "Gets the time at which `retain` removed the file; 0: it was gone already."),
    failures: optional(
      "failed_copy_attempts",
      "Counts the attempts that failed. With `retry.attempts` of them a row is not tried any more.",
    ),
    removable: optional("deletable", "Whether `retain` may remove the file. `none`: it may."),
    ignore: optional("ignore", "Whether the row is to be left alone."),
  })
  .prefault({})
  .describe("The names of the columns; what the table has not is `none`. The defaults are those of SupRsync.");

export const table = z
  .strictObject({
    database: textField({ title: "path", examples: ["/data/so/dbs/suprsync.db"], parse: checkPath }).describe(
      "The SQLite database of another program. It is waited for where it is not there, and never made.",
    ),
    name: textField({ title: "table", examples: ["supersync_v0"], parse: parseName })
      .prefault("supersync_v0")
      .describe("The table."),
    where: z
      .record(z.string().min(1).max(NAME_MAX), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .prefault({})
      .meta({ title: "map of columns and values" })
      .describe("Only rows with these values are followed, such as `{archive_name: timestreams}`. Default: all."),
    columns,
    algorithm: z
      .enum(digestAlgorithms)
      .prefault("md5")
      .describe("What the digests in the table are. It is the default of `destination.verify`."),
    poll: duration({ minMs: 50, maxMs: 3600_000 })
      .prefault("1s")
      .describe("How often it is asked whether anything in the database changed."),
  })
  .optional()
  .describe(
    "Instead of `directory`: the rows of a table in another program's SQLite database name the files, and what became of each is written back into its row.",
  );

type TablePart = NonNullable<z.output<typeof table>>;

export function tablePart(
  value: TablePart,
  base: LocalBase,
): Pick<TableSource, "database" | "table" | "columns" | "where" | "algorithm" | "pollMs"> {
  return {
    database: resolvePath(value.database, base),
    table: value.name,
    columns: columnsOf(value.columns),
    where: Object.entries(value.where).map(([column, given]) => ({ column, value: cellOf(given) })),
    algorithm: value.algorithm,
    pollMs: value.poll,
  };
}

function columnsOf({ id, file, path, digest, found, failures, removable, ignore, ...times }: TablePart["columns"]): TableColumns {
  return {
    id,
    file,
    path,
    digest,
    found,
    registeredAt: times.registered_at,
    deliveredAt: times.delivered_at,
    removedAt: times.removed_at,
    failures,
    removable,
    ignore,
  };
}

/** As SQLite keeps it. */
function cellOf(value: string | number | boolean | null): TableValue {
  return typeof value === "boolean" ? Number(value) : value;
}

/** What needs more than one value of a flow whose queue is a table. */
export const tableRules: Array<(facts: RuleFacts) => RuleFault[]> = [tableDigest, tableEnd, tableHasNoDirectories];

/** The row gets what was read back. */
function tableDigest({ flow, written }: RuleFacts): RuleFault[] {
  const algorithm = flow.source?.table?.algorithm;
  const verify = flow.destination?.verify;
  if (algorithm === undefined || verify === undefined || !written("destination", "verify") || verify === algorithm) return [];
  const message = `the rows of the table hold sums of ${algorithm}, and get what was read back: verify is ${algorithm} as well`;
  return [{ path: ["destination", "verify"], message, suggestion: algorithm }];
}

function tableEnd({ written }: RuleFacts): RuleFault[] {
  if (!written("source", "table")) return [];
  return ["publish", "remove"]
    .filter((key) => written("destination", key))
    .map((key) => ({ path: ["destination", key], about: "key", message: "what the rows of a table name is moved: write a url" }));
}

function tableHasNoDirectories({ written }: RuleFacts): RuleFault[] {
  if (!written("source", "table") || !written("retain", "empty_directories_after")) return [];
  const message = "no directory is removed where none is watched: leave it out";
  return [{ path: ["retain", "empty_directories_after"], about: "key", message }];
}
