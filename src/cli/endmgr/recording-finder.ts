import { closeSync, existsSync, openSync, readFileSync, statSync } from "node:fs";
import { Catalog } from "../../flow/catalog/catalog.ts";
import { Recorder } from "../../flow/catalog/record-files.ts";
import { SourceReader } from "../../flow/read/source-reader.ts";
import { listOf, readExpressions } from "../../importers/dbb/endpoint/expressions.ts";
import { absoluteOf } from "../../importers/dbb/endpoint/import-endpoint.ts";
import type { EndpointConfiguration } from "../../importers/dbb/endpoint/read-endpoint.ts";
import { isLogName, logDays, namedFiles } from "../../importers/dbb/endpoint/rsync-logs.ts";
import { Remarks } from "../../importers/remark.ts";
import { systemClock } from "../../kernel/clock.ts";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { createLog, type Log } from "../../kernel/log.ts";
import { type AbsPath, type Bytes, fsPath, isRelPath, join, type RelPath, show, textOf } from "../../kernel/path.ts";
import type { Logged } from "./log.ts";
import { databaseOf, tell } from "./opening.ts";
import { filesBelow, type Unreadable } from "./files-below.ts";

const SECONDS = 1000;
const PAUSE_MIN_MS = 100;

/** A finder that enters files where they are: those of a tree, or those that rsync's logs name. Until it is stopped. */
export async function recordFound(configuration: EndpointConfiguration<"finder">, { context, level }: Logged): Promise<number> {
  const { section, at, database } = configuration;
  const remarks = new Remarks();
  const { key, patterns } = listOf(section.search, "exclude_list", "excludelist", "blacklist");
  const excluded = readExpressions(patterns, `finder.search.${key}`, at("finder", "search", key), remarks).map(
    (one) => new RegExp(one, "u"),
  );
  if (tell(remarks, context)) return 2;
  const clock = systemClock();
  const log = createLog({ level, to: context.stderr });
  await using reader = new SourceReader();
  using catalog = new Catalog({ database: databaseOf(configuration), table: database.files });
  const [source, storage] = [absoluteOf(section.source, process.cwd()), absoluteOf(section.storage, process.cwd())];
  const duplicates = section.actions.alternative === "Delete" ? "delete" : "keep";
  const recorder = new Recorder({ catalog, storage, event: null, duplicates, reader, log });
  const isExcluded = (path: RelPath): boolean => excluded.some((one) => one.test(textOf(path)));
  const tellOnce = onceEach(log);
  const unreadable: Unreadable = (directory, why) =>
    tellOnce(directory, `${show(directory)} cannot be read: ${why}; what is in it is left out`);
  const round =
    section.search.method === "scan"
      ? async (): Promise<void> => {
          for (const path of filesBelow(source, unreadable))
            if (!isExcluded(path)) await recorder.record(join(source, path), fromStorage(storage, join(source, path)));
        }
      : async (): Promise<void> =>
          await new LogReader(section.search, { source, storage, recorder, isExcluded, unreadable, tellOnce }).round();
  log.info("endmgr finder enters what it finds; nothing is moved");
  let trouble: string | null = null;
  while (!context.signal.aborted) {
    try {
      await round();
      if (trouble !== null) log.info("files are entered again");
      trouble = null;
    } catch (error) {
      if (messageOf(error) !== trouble) log.warn(`${messageOf(error)}; tried again by itself`);
      trouble = messageOf(error);
    }
    await clock.sleep(Math.max(PAUSE_MIN_MS, (section.pause ?? 1) * SECONDS), context.signal).catch(() => undefined);
  }
  return 0;
}

/** As Python's `os.path.relpath` has it: what is not in the storage begins with `..`. */
function fromStorage(storage: AbsPath, file: AbsPath): RelPath {
  const [from, to] = [storage, file].map((path) => path.split("/").filter((part) => part !== ""));
  const common = from!.findIndex((part, at) => to![at] !== part);
  const shared = common < 0 ? from!.length : common;
  return [...from!.slice(shared).map(() => ".."), ...to!.slice(shared)].join("/") as RelPath;
}

type LogReaderParts = {
  source: AbsPath;
  storage: AbsPath;
  recorder: Recorder;
  isExcluded: (path: RelPath) => boolean;
  unreadable: Unreadable;
  tellOnce: TellOnce;
};

/** Warns, once for each that it is about. */
type TellOnce = (about: AbsPath, text: string) => void;

function onceEach(log: Log): TellOnce {
  const told = new Set<AbsPath>();
  return (about, text) => {
    if (!told.has(about)) log.warn(text);
    if (told.size < 100_000) told.add(about);
  };
}

/** Reads each log of the days once it has not changed for a while, and marks it (`LOG.done`) when all that it names has its row. */
class LogReader {
  readonly #search: EndpointConfiguration<"finder">["section"]["search"];
  readonly #parts: LogReaderParts;

  constructor(search: EndpointConfiguration<"finder">["section"]["search"], parts: LogReaderParts) {
    this.#search = search;
    this.#parts = parts;
  }

  async round(): Promise<void> {
    const { date = null, past_days, timespan, future_days: futureDays = 1 } = this.#search;
    const days = logDays(date, { pastDays: past_days ?? timespan ?? 1, futureDays }, Date.now());
    for (const day of days) {
      const directory = join(this.#parts.source, day as Bytes);
      for (const path of existsSync(fsPath(directory)) ? filesBelow(directory, this.#parts.unreadable) : [])
        if (isLogName(path.slice(path.lastIndexOf("/") + 1))) await this.#readOrTell(join(directory, path));
    }
  }

  /** One log that cannot be read keeps no other from being. */
  async #readOrTell(file: AbsPath): Promise<void> {
    try {
      await this.#read(file);
    } catch (error) {
      // The catalog's trouble is everybody's.
      if (error instanceof HotdirError) throw error;
      this.#parts.tellOnce(file, `${show(file)} cannot be read or marked (${messageOf(error)}); tried again by itself`);
    }
  }

  async #read(file: AbsPath): Promise<void> {
    const delayMs = (this.#search.delay ?? 60) * SECONDS;
    const mark = `${file}.done` as AbsPath;
    const changedMs = statSync(fsPath(file)).mtimeMs;
    if (Date.now() - changedMs < delayMs) return;
    const marked = statSync(fsPath(mark), { throwIfNoEntry: false });
    if (marked !== undefined && marked.mtimeMs >= changedMs) return;
    let missing = 0;
    for (const readings of namedFiles(readFileSync(fsPath(file)))) if (!(await this.#enter(readings, file))) missing++;
    // Files that are not there yet would never be looked for again.
    if (missing === 0) closeSync(openSync(fsPath(mark), "w"));
  }

  async #enter(readings: readonly RelPath[], file: AbsPath): Promise<boolean> {
    const { storage, recorder, isExcluded, tellOnce } = this.#parts;
    const path = readings.find((one) => isRelPath(one) && existsSync(fsPath(join(storage, one)))) ?? readings[0]!;
    if (isExcluded(path)) return true;
    const place = join(storage, path);
    const recorded = await recorder.record(place, path);
    if (recorded === "gone") tellOnce(place, `${show(place)} is not there, though ${show(file)} names it; looked for again`);
    return recorded !== "gone" && recorded !== "open";
  }
}
