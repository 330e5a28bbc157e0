import type { DatabaseSync } from "node:sqlite";
import { lstat, stat } from "node:fs/promises";
import type { Log } from "../../kernel/log.ts";
import { type AbsPath, fsPath, join, type RelPath, show } from "../../kernel/path.ts";
import { lookAtPath } from "../detect/look-at-path.ts";
import { removeSource } from "../finish/removal.ts";
import type { SourceReader } from "../read/source-reader.ts";
import { sameVersion, type Version, versionOf } from "../version.ts";
import { type Catalog, type CatalogRow, describeRow, quoted } from "./catalog.ts";
import { eventAfter } from "./event-time.ts";

export type RecorderOptions = {
  catalog: Catalog;
  /** What paths of the catalog are below. */
  storage: AbsPath;
  /** Each new row gets an event of this status, in the same transaction; null: none. */
  event: { table: string; status: string } | null;
  /** What becomes of a file whose name and content the catalog has for another one. */
  duplicates: "keep" | "delete";
  reader: SourceReader;
  log: Log;
};

/** `open`: somebody still writes it. */
export type Recorded = "entered" | "known" | "duplicate" | "refused" | "gone" | "open";

const LOOKED_AT_MAX = 100_000;

/** Enters files that are where they are to stay: nothing is moved. A catalog that cannot be used now throws `catalog-failed`. */
export class Recorder {
  readonly #options: RecorderOptions;
  /** What was looked at and need not be read again. */
  readonly #lookedAt = new Map<AbsPath, { version: Version; recorded: Recorded }>();

  /** What was told to be so. */
  readonly #unreadable = new Set<AbsPath>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** @param path as the row has it, below the storage. */
  async record(file: AbsPath, path: RelPath): Promise<Recorded> {
    const { reader, log } = this.#options;
    const found = await lstat(fsPath(file), { bigint: true }).catch(() => null);
    if (found === null || !found.isFile()) return "gone";
    const version = versionOf(found);
    const before = this.#lookedAt.get(file);
    if (before !== undefined && sameVersion(before.version, version)) return before.recorded === "entered" ? "known" : before.recorded;
    // Its row would tell of a part of it for ever.
    if (isBeingWritten(file, path)) return "open";
    const read = await reader.digest(file, version, "blake2b");
    if (read.kind === "changed") return "open";
    if (read.kind !== "digest") {
      if (read.kind === "gone") return "gone";
      if (!this.#unreadable.has(file)) log.warn(`${show(file)} cannot be read: ${read.errno}; it has no row, and is tried again`);
      if (this.#unreadable.size < LOOKED_AT_MAX) this.#unreadable.add(file);
      return "refused";
    }
    this.#unreadable.delete(file);
    const recorded = await this.#enter({ file, path, version, hex: read.hex });
    if (this.#lookedAt.size >= LOOKED_AT_MAX) this.#lookedAt.clear();
    if (recorded !== "duplicate" || this.#options.duplicates === "keep") this.#lookedAt.set(file, { version, recorded });
    return recorded;
  }

  async #enter(one: { file: AbsPath; path: RelPath; version: Version; hex: string }): Promise<Recorded> {
    const { catalog, event, log, storage } = this.#options;
    const found = catalog.inTransaction(() =>
      catalog.enterWith({ path: one.path, hex: one.hex, sizeBytes: one.version.sizeBytes }, (sqlite, id) => {
        if (event !== null) addEvent(sqlite, event, id);
      }),
    );
    if (found.kind === "none") return "entered";
    if (found.kind === "refused") {
      log.warn(
        `${show(one.file)} cannot be entered into the catalog: the table takes no such row: ${found.detail}; the file stays as it is`,
      );
      return "refused";
    }
    if (found.kind === "same" && found.row.path === one.path) return "known";
    const row = describeRow(found.row, storage);
    if (found.kind === "same") return await this.#duplicate(one, found.row, row);
    const has = found.by === "name" ? "its name and other content" : "its content and another name";
    log.warn(`${show(one.file)} cannot be entered into the catalog: ${row} has ${has}; the file stays as it is`);
    return "refused";
  }

  /** P4: a file goes only once the bytes of the other were read, and are the same. */
  async #duplicate(
    one: { file: AbsPath; path: RelPath; version: Version; hex: string },
    row: CatalogRow,
    named: string,
  ): Promise<Recorded> {
    const { duplicates, storage, reader, log } = this.#options;
    if (duplicates === "keep") {
      log.warn(`${show(one.file)}: a duplicate of ${named}; it stays`);
      return "duplicate";
    }
    const there = join(storage, row.path);
    const read = await reader.digest(there, null, "blake2b");
    const [own, other] = await Promise.all([one.file, there].map((file) => stat(fsPath(file), { bigint: true }).catch(() => null)));
    const isSameFile = own?.dev === other?.dev && own?.ino === other?.ino;
    if (read.kind !== "digest" || read.hex !== one.hex || isSameFile) {
      log.warn(
        `${show(one.file)}: a duplicate of ${named}, but ${isSameFile ? "that is this very file" : "the bytes there are not the same"}; it stays`,
      );
      return "duplicate";
    }
    const at = one.file.lastIndexOf("/");
    const request = {
      root: one.file.slice(0, at) as AbsPath,
      path: one.file.slice(at + 1) as RelPath,
      transfer: row.id,
      version: one.version,
    };
    const end = await removeSource({ ...request, digest: { algorithm: "blake2b", hex: one.hex }, hold: null }, reader);
    log.info(
      `${show(one.file)}: a duplicate of ${named}, whose bytes were compared; ${end.kind === "removed" ? "removed" : `it stays: ${end.kind}`}`,
    );
    return "duplicate";
  }
}

function isBeingWritten(file: AbsPath, path: RelPath): boolean {
  const sighting = lookAtPath(file, path, false);
  return sighting.kind === "file" && sighting.writer === "open";
}

function addEvent(sqlite: DatabaseSync, { table, status }: { table: string; status: string }, file: number): void {
  sqlite
    .prepare(
      `INSERT INTO ${quoted(table)} (files_id, start_time, duration, status, ingest_ver, err_message) VALUES (?, ?, NULL, ?, NULL, NULL)`,
    )
    .run(file, eventAfter(null), status);
}
