import { lstatSync } from "node:fs";
import { resolve } from "node:path";
import { Catalog } from "../../flow/catalog/catalog.ts";
import { type Recorded, Recorder } from "../../flow/catalog/record-files.ts";
import { SourceReader } from "../../flow/read/source-reader.ts";
import { listOf, readExpressions } from "../../importers/dbb/endpoint/expressions.ts";
import { expandGlob } from "../../importers/dbb/endpoint/glob.ts";
import { absoluteOf } from "../../importers/dbb/endpoint/import-endpoint.ts";
import type { EndpointConfiguration } from "../../importers/dbb/endpoint/read-endpoint.ts";
import type { Remarks } from "../../importers/remark.ts";
import { createLog } from "../../kernel/log.ts";
import { type AbsPath, below, fsPath, join, nameOf, type RelPath, show, textOf } from "../../kernel/path.ts";
import { formatMany } from "../../kernel/readable.ts";
import type { CliContext } from "../command.ts";
import { filesBelow, type Unreadable } from "./files-below.ts";
import { loggedAs } from "./log.ts";
import { checkDirectory, checkTables, databaseOf, openConfiguration, tell } from "./opening.ts";

/** Enters what is in the storage already, with the event BACKFILL; the exit status: 1 where a source is not there, or a file could not be entered. */
export async function startBackfill(file: string, only: "validate" | null, context: CliContext): Promise<number> {
  const opened = openConfiguration("backfill", file, context);
  if (opened === null) return 2;
  const { configuration, remarks } = opened;
  const { section, database, at } = configuration;
  const storage = absoluteOf(section.storage, process.cwd());
  const logged = loggedAs(configuration, context);
  checkTables(configuration, remarks, true);
  checkDirectory(configuration, ["backfill", "storage"], section.storage, remarks);
  const sources = sourcesOf(configuration, storage, remarks);
  const { key, patterns } = listOf(section.search, "exclude_list", "excludelist", "blacklist");
  const excluded = readExpressions(patterns, `backfill.search.${key}`, at("backfill", "search", key), remarks).map(
    (one) => new RegExp(one, "u"),
  );
  if (tell(remarks, context)) return 2;
  if (only === "validate") {
    context.stdout.write(`${file} is a good configuration of a backfill.\n`);
    return 0;
  }
  const log = createLog({ level: logged.level, to: logged.context.stderr });
  await using reader = new SourceReader();
  using catalog = new Catalog({ database: databaseOf(configuration), table: database.files });
  const event = { table: database.events ?? "", status: "BACKFILL" };
  const recorder = new Recorder({ catalog, storage, event, duplicates: "keep", reader, log });
  const counts: Record<Recorded, number> = { entered: 0, known: 0, duplicate: 0, refused: 0, gone: 0, open: 0 };
  let unread = 0;
  const unreadable: Unreadable = (directory, why) => {
    unread++;
    context.stderr.write(`hotdir: endmgr backfill: ${show(directory)} cannot be read: ${why}; what is in it is left out\n`);
  };
  for (const source of sources)
    for (const path of filesOf(source, storage, unreadable)) {
      if (context.signal.aborted) return 130;
      if (excluded.some((one) => one.test(textOf(relativeTo(source, storage, path))))) continue;
      counts[catalog.rowAt(path) === null ? await recorder.record(join(storage, path), path) : "known"]++;
    }
  const lost = sources.filter((source) => lstatSync(fsPath(source), { throwIfNoEntry: false }) === undefined);
  for (const source of lost) context.stderr.write(`hotdir: endmgr backfill: there is no ${show(source)}\n`);
  context.stdout.write(
    `Entered ${formatMany(counts.entered, "file")}; ${formatMany(counts.known, "file was", "files were")} known already, ${formatMany(counts.duplicate + counts.refused + counts.open, "file")} could not be entered.\n`,
  );
  return lost.length > 0 || counts.duplicate + counts.refused + counts.gone + counts.open + unread > 0 ? 1 : 0;
}

/** A pattern that finds nothing is no fault; a plain name that is not there is told when it is looked at. */
function sourcesOf({ section, at }: EndpointConfiguration<"backfill">, storage: AbsPath, remarks: Remarks): AbsPath[] {
  return section.sources.flatMap((source) => {
    const place = absoluteOf(resolve(section.storage, source), process.cwd());
    const inside = place === storage ? "" : below(storage, place);
    if (inside === null) {
      remarks.error(at("backfill", "sources"), `backfill.sources: ${source} is not in the storage ${show(storage)}`);
      return [];
    }
    if (source.startsWith("/"))
      remarks.note(at("backfill", "sources"), `backfill.sources: ${source} is absolute; it should be relative to the storage`);
    return expandGlob(storage, textOf(inside as RelPath));
  });
}

function* filesOf(source: AbsPath, storage: AbsPath, unreadable: Unreadable): Generator<RelPath> {
  const stat = lstatSync(fsPath(source), { throwIfNoEntry: false });
  const inside = source === storage ? null : below(storage, source);
  if (stat?.isDirectory() === true) for (const path of filesBelow(source, unreadable)) yield inside === null ? path : join(inside, path);
  else if (stat !== undefined && inside !== null) yield inside;
}

/** The lists are compared with the path below the source; a source that is a file is its own name. */
function relativeTo(source: AbsPath, storage: AbsPath, path: RelPath): RelPath {
  return below(source, join(storage, path)) ?? (nameOf(path) as RelPath);
}
