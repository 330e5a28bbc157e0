import { Catalog } from "../../flow/catalog/catalog.ts";
import { EventQueue } from "../../flow/catalog/event-queue.ts";
import { Ingester } from "../../flow/ingest/ingester.ts";
import { listOf, readExpressions } from "../../importers/dbb/endpoint/expressions.ts";
import { absoluteOf } from "../../importers/dbb/endpoint/import-endpoint.ts";
import { commandOf } from "../../importers/dbb/endpoint/plugin.ts";
import type { EndpointConfiguration } from "../../importers/dbb/endpoint/read-endpoint.ts";
import type { Remarks } from "../../importers/remark.ts";
import { systemClock } from "../../kernel/clock.ts";
import { createLog } from "../../kernel/log.ts";
import type { CliContext } from "../command.ts";
import { loggedAs } from "./log.ts";
import { checkDirectory, checkTables, databaseOf, openConfiguration, tell } from "./opening.ts";

/** The plugin that does nothing: whatever it is given succeeds. */
const NOTHING = ["true"];
const HOUR_MS = 3_600_000;
const PAUSE_MIN_MS = 100;
/** One that ends when nothing is left gives a command that cannot be started, and a database that is locked, so long. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 50;

/** Runs an ingester until it is stopped, or until nothing is left where `daemon` is false; the exit status. */
export async function startIngester(file: string, only: "validate" | null, context: CliContext): Promise<number> {
  const opened = openConfiguration("ingester", file, context);
  if (opened === null) return 2;
  const { configuration, remarks } = opened;
  const { section, database, at } = configuration;
  const logged = loggedAs(configuration, context);
  checkTables(configuration, remarks, true);
  checkDirectory(configuration, ["ingester", "storage"], section.storage, remarks);
  const plugin = commandOf(configuration, remarks);
  const [include, exclude] = [
    expressionsOf(configuration, ["include_list", "includelist", "whitelist"], remarks),
    expressionsOf(configuration, ["exclude_list", "excludelist", "blacklist"], remarks),
  ];
  if (section.file_status === "PENDING")
    remarks.error(
      at("ingester", "file_status"),
      "ingester.file_status: PENDING files are with a command; those that an end interrupted become UNKNOWN",
    );
  if (tell(remarks, context) || plugin === null) return 2;
  if (only === "validate") {
    context.stdout.write(`${file} is a good configuration of an ingester.\n`);
    return 0;
  }
  const log = createLog({ level: logged.level, to: logged.context.stderr });
  const clock = systemClock();
  using catalog = new Catalog({ database: databaseOf(configuration), table: database.files });
  const mistakes: Error[] = [];
  await using ingester = new Ingester({
    queue: new EventQueue({
      catalog,
      tables: { files: database.files, events: database.events ?? "" },
      storage: absoluteOf(section.storage, process.cwd()),
      status: section.file_status ?? "UNTRIED",
      include,
      exclude,
      version: plugin.kind === "command" ? plugin.version : null,
    }),
    settings: {
      command: plugin.kind === "command" ? plugin.command : NOTHING,
      batchMax: section.batch_size ?? 10,
      workers: section.num_threads ?? 1,
      silenceMs: plugin.kind === "command" ? plugin.silenceMs : HOUR_MS,
    },
    name: "endmgr",
    clock,
    log,
    changed: () => undefined,
    broken: (error) => void mistakes.push(error instanceof Error ? error : new Error(String(error))),
  });
  ingester.start();
  const pauseMs = Math.max(PAUSE_MIN_MS, (section.pause ?? 1) * 1000);
  let troubledSinceMs = clock.steady();
  while (!context.signal.aborted) {
    if (mistakes[0] !== undefined) throw mistakes[0];
    if (ingester.trouble === null) troubledSinceMs = clock.steady();
    if (section.daemon === false) {
      if (ingester.idle) return 0;
      if (clock.steady() - troubledSinceMs > PATIENCE_MS) {
        context.stderr.write(
          `hotdir: endmgr ingester: ${ingester.trouble ?? "it does not end"}; what is left is tried at the next start\n`,
        );
        return 1;
      }
    } else if (ingester.idle) ingester.wake();
    await clock.sleep(section.daemon === false ? LOOK_MS : pauseMs, context.signal).catch(() => undefined);
  }
  return 0;
}

function expressionsOf({ section, at }: EndpointConfiguration<"ingester">, names: string[], remarks: Remarks): RegExp[] {
  const { key, patterns } = listOf(section, ...names);
  return readExpressions(patterns, `ingester.${key}`, at("ingester", key), remarks).map((one) => new RegExp(one, "u"));
}
