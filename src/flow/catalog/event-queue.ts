import { lstatSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { bytesOf, type AbsPath, fsPath, join, type RelPath, textOf } from "../../kernel/path.ts";
import { isAlive, ownIdentity, readIdentity, writeIdentity } from "../../kernel/process-identity.ts";
import type { IngestEnd, IngestFile, IngestQueue } from "../ingest/contract.ts";
import { type Catalog, quoted } from "./catalog.ts";
import { eventAfter, intervalTime } from "./local-time.ts";

export type EventQueueOptions = {
  /** Its table of files, and beside that the table of their events. */
  catalog: Catalog;
  tables: { files: string; events: string };
  /** What paths of the catalog are below. */
  storage: AbsPath;
  /** Files whose newest event has this status are due. With UNTRIED also those that have none. */
  status: string;
  /** Of the path below the storage; empty: all. */
  include: RegExp[];
  exclude: RegExp[];
  /** What is written of the ingest software; null: nothing. */
  version: string | null;
};

type Newest = { id: number; relpath: Uint8Array; filename: Uint8Array };
type Event = { file: number; status: string; startUs?: bigint; durationMs?: number; version?: string | null; message?: string | null };

const OWNER = "with the ingest command of process ";
const INTERRUPTED = "hotdir ended while the command had it, and nobody can tell whether it was ingested";
const NOT_WANTED = "the lists of the configuration leave it out";
const ENTERED_MAX = 1000;

/**
 * The files of a catalog with a table of events, as the DBB endpoint manager keeps them: each step of a file is a row, and the newest one is
 * its state. A PENDING row says in `err_message` which process it belongs to, so that another one on the same database knows what was interrupted.
 */
export class EventQueue implements IngestQueue {
  readonly #options: EventQueueOptions;
  readonly #owner = `${OWNER}${writeIdentity(ownIdentity())}`;
  readonly #pending = new Map<number, string>();
  /** A file that ended as it began (FAILURE is what is asked for, say) is not tried again by the same run. */
  readonly #tried = new Set<number>();
  readonly #refused = new Set<number>();
  /** As it was when nothing was due: without another's commit nothing is. */
  #seen: bigint | null = null;

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  begin(): number {
    return this.#options.catalog.inTransaction((sqlite) => {
      const pending = this.#newest(sqlite, "PENDING", -1).filter(({ message }) => {
        const owner = readIdentity(message?.startsWith(OWNER) === true ? message.slice(OWNER.length) : "");
        return owner === null || !isAlive(owner);
      });
      for (const { id } of pending) this.#add(sqlite, { file: id, status: "UNKNOWN", message: INTERRUPTED });
      return pending.length;
    });
  }

  take(limit: number): IngestFile[] {
    const { catalog, storage } = this.#options;
    const version = catalog.read(dataVersion);
    if (this.#seen === version) return [];
    const taken = catalog.inTransaction((sqlite) => {
      this.#enterNew(sqlite);
      const due = this.#due(sqlite, limit);
      for (const { id } of due) this.#pending.set(id, this.#add(sqlite, { file: id, status: "PENDING", message: this.#owner }));
      return due;
    });
    this.#seen = taken.length === 0 ? version : null;
    for (const { id } of taken) this.#tried.add(id);
    return taken.map((row) => ({ id: row.id, path: join(storage, pathOf(row)) }));
  }

  refusal(file: IngestFile): Pick<IngestEnd, "status" | "message"> | null {
    const stat = lstatSync(fsPath(file.path), { throwIfNoEntry: false });
    if (stat !== undefined && (!stat.isFile() || stat.size > 0)) return null;
    this.#refused.add(file.id);
    return { status: "FAILURE", message: stat === undefined ? "no such file in the storage area" : "file has 0 bytes" };
  }

  record(ends: readonly IngestEnd[]): void {
    const { catalog, version } = this.#options;
    catalog.inTransaction((sqlite) => {
      for (const { file, status, message, startedAtMs, endedAtMs } of ends)
        this.#add(sqlite, {
          file: file.id,
          status,
          startUs: BigInt(Math.floor(startedAtMs)) * 1000n,
          durationMs: endedAtMs - startedAtMs,
          version: this.#refused.has(file.id) ? "N/A" : (version ?? ""),
          message: message ?? "",
        });
    });
    for (const { file } of ends) {
      this.#pending.delete(file.id);
      this.#refused.delete(file.id);
    }
    this.#seen = null;
  }

  handBack(files: readonly IngestFile[]): void {
    this.#options.catalog.inTransaction((sqlite) => {
      const drop = sqlite.prepare(`DELETE FROM ${this.#events} WHERE files_id = ? AND start_time = ? AND status = 'PENDING'`);
      for (const { id } of files) drop.run(id, this.#pending.get(id) ?? "");
    });
    for (const { id } of files) {
      this.#pending.delete(id);
      this.#tried.delete(id);
    }
    this.#seen = null;
  }

  get #events(): string {
    return quoted(this.#options.tables.events);
  }

  /** New files have no event: now they have one. What the lists leave out is said to be so, once. */
  #enterNew(sqlite: DatabaseSync): void {
    if (this.#options.status !== "UNTRIED") return;
    const files = quoted(this.#options.tables.files);
    const fresh = sqlite
      .prepare(
        `SELECT f.id AS id, CAST(f.relpath AS BLOB) AS relpath, CAST(f.filename AS BLOB) AS filename FROM ${files} f
         WHERE NOT EXISTS (SELECT 1 FROM ${this.#events} e WHERE e.files_id = f.id) ORDER BY f.id LIMIT ${ENTERED_MAX}`,
      )
      .all() as Newest[];
    for (const row of fresh)
      if (this.#isWanted(pathOf(row))) this.#add(sqlite, { file: row.id, status: "UNTRIED" });
      else this.#add(sqlite, { file: row.id, status: "IGNORED", message: NOT_WANTED });
  }

  #due(sqlite: DatabaseSync, limit: number): Newest[] {
    const due: Newest[] = [];
    for (const row of this.#newest(sqlite, this.#options.status, -1)) {
      if (due.length >= limit) break;
      if (!this.#tried.has(row.id) && !this.#pending.has(row.id) && this.#isWanted(pathOf(row))) due.push(row);
    }
    return due;
  }

  /** Files whose newest event has this status: SQLite gives a group's other columns from the row that has its maximum. */
  #newest(sqlite: DatabaseSync, status: string, limit: number): Array<Newest & { message: string | null }> {
    return sqlite
      .prepare(
        `SELECT f.id AS id, CAST(f.relpath AS BLOB) AS relpath, CAST(f.filename AS BLOB) AS filename, n.message AS message FROM
           (SELECT files_id, max(start_time), status, err_message AS message FROM ${this.#events} GROUP BY files_id HAVING status = ?) n
         JOIN ${quoted(this.#options.tables.files)} f ON f.id = n.files_id ORDER BY f.id LIMIT ?`,
      )
      .all(status, limit) as Array<Newest & { message: string | null }>;
  }

  #isWanted(path: RelPath): boolean {
    const { include, exclude } = this.#options;
    const text = textOf(path);
    return (include.length === 0 || include.some((one) => one.test(text))) && !exclude.some((one) => one.test(text));
  }

  /** After all that the file has: the newest is its state, also where somebody wrote a time of another zone. Its start. */
  #add(sqlite: DatabaseSync, event: Event): string {
    const last = sqlite.prepare(`SELECT max(start_time) AS at FROM ${this.#events} WHERE files_id = ?`).get(event.file) as {
      at: string | null;
    };
    const start = eventAfter(last.at, event.startUs);
    sqlite
      .prepare(`INSERT INTO ${this.#events} (files_id, start_time, duration, status, ingest_ver, err_message) VALUES (?, ?, ?, ?, ?, ?)`)
      .run(
        event.file,
        start,
        event.durationMs === undefined ? null : intervalTime(event.durationMs),
        event.status,
        event.version ?? null,
        event.message ?? null,
      );
    return start;
  }
}

function pathOf({ relpath, filename }: Newest): RelPath {
  const directory = bytesOf(relpath);
  const name = bytesOf(filename);
  return (directory === "." || directory === "" ? name : `${directory}/${name}`) as RelPath;
}

/** Another one as soon as another connection has committed. */
function dataVersion(sqlite: DatabaseSync): bigint {
  return BigInt((sqlite.prepare("PRAGMA data_version").get() as { data_version: number }).data_version);
}
