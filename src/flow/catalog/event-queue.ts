import type { DatabaseSync } from "node:sqlite";
import { type AbsPath, join, type RelPath, textOf } from "../../kernel/path.ts";
import { isAlive, ownIdentity, readIdentity, writeIdentity } from "../../kernel/process-identity.ts";
import type { IngestEnd, IngestFile, IngestQueue } from "../ingest/contract.ts";
import { look } from "../ingest/look.ts";
import { type Catalog, pathOfRow, quoted } from "./catalog.ts";
import { interval } from "../command/journal/sqlalchemy-time.ts";
import { eventAfter } from "./event-time.ts";

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

type FileRow = { id: number; relpath: Uint8Array | null; filename: Uint8Array | null };
/** `last`: when its newest event began; null: it has none. */
type Newest = FileRow & { last: string | null; message: unknown };
type Event = {
  file: number;
  after: string | null;
  status: string;
  startUs?: bigint;
  durationMs?: number;
  version?: string | null;
  message?: string | null;
};

const OWNER = "with the ingest command of process ";
const INTERRUPTED = "hotdir ended while the command had it, and nobody can tell whether it was ingested";
const NOT_WANTED = "the lists of the configuration leave it out";
const ENTERED_MAX = 10_000;
/** The table of events has no index that answers which are due: so many are asked for together. */
const KNOWN_MAX = 10_000;

/**
 * The files of a catalog with a table of events, as the DBB endpoint manager keeps them: each step of a file is a row, and the newest one is
 * its state. A PENDING row says in `err_message` which process it belongs to, so that another one on the same database knows what was interrupted.
 */
export class EventQueue implements IngestQueue {
  readonly #options: EventQueueOptions;
  readonly #owner = `${OWNER}${writeIdentity(ownIdentity())}`;
  readonly #pending = new Map<number, string>();
  /** Files that ended as they began (FAILURE is what is asked for, say), and when: they are not tried again until somebody adds an event. */
  readonly #tried = new Map<number, string>();
  readonly #refused = new Set<number>();
  /** Files that are due, as long as nobody else has written: what another ingester took, or somebody added, is found by asking anew. */
  #known: { version: string; due: Newest[]; isAll: boolean } | null = null;

  constructor(options: EventQueueOptions) {
    this.#options = options;
  }

  begin(): number {
    return this.#options.catalog.inTransaction((sqlite) => {
      const pending = [...this.#newest(sqlite, "PENDING")].filter(({ message }) => {
        const owner = readIdentity(typeof message === "string" && message.startsWith(OWNER) ? message.slice(OWNER.length) : "");
        return owner === null || !isAlive(owner);
      });
      for (const { id, last } of pending) this.#add(sqlite, { file: id, after: last, status: "UNKNOWN", message: INTERRUPTED });
      return pending.length;
    });
  }

  take(limit: number): IngestFile[] {
    const { catalog, storage } = this.#options;
    const isEmpty = this.#known !== null && this.#known.isAll && this.#known.due.length === 0;
    if (isEmpty && catalog.read((sqlite) => this.#version(sqlite)) === this.#known?.version) return [];
    const taken = this.#takeFirst(limit);
    this.#known?.due.splice(0, taken.length);
    for (const { row, start } of taken) this.#pending.set(row.id, start);
    return taken.map(({ row }) => ({ id: row.id, path: join(storage, pathOfRow(row)) }));
  }

  #takeFirst(limit: number): Array<{ row: Newest; start: string }> {
    try {
      return this.#options.catalog.inTransaction((sqlite) =>
        this.#due(sqlite)
          .slice(0, limit)
          .map((row) => ({ row, start: this.#add(sqlite, { file: row.id, after: row.last, status: "PENDING", message: this.#owner }) })),
      );
    } catch (error) {
      // What was found in the transaction is undone with it.
      this.#known = null;
      throw error;
    }
  }

  refusal(file: IngestFile): Pick<IngestEnd, "status" | "message"> | null {
    const there = look(file.path);
    const trouble =
      there.kind === "unknown"
        ? `it cannot be looked at: ${there.why}`
        : there.kind === "nothing"
          ? "no such file in the storage area"
          : there.stat.isDirectory()
            ? "it is a directory"
            : there.stat.isFile() && there.stat.size === 0
              ? "file has 0 bytes"
              : null;
    if (trouble === null) return null;
    this.#refused.add(file.id);
    return { status: "FAILURE", message: trouble };
  }

  record(ends: readonly IngestEnd[]): void {
    const { catalog, version, status: wanted } = this.#options;
    const starts = catalog.inTransaction((sqlite) => {
      const isThere = sqlite.prepare(`SELECT 1 FROM ${quoted(this.#options.tables.files)} WHERE id = ?`);
      return ends.map(({ file, status, message, startedAtMs, endedAtMs }) => {
        // Somebody took its row away while the command had it: of that file there is nothing to be told any more.
        if (isThere.get(file.id) === undefined) return null;
        return this.#add(sqlite, {
          file: file.id,
          after: this.#pending.get(file.id) ?? null,
          status,
          startUs: BigInt(Math.floor(startedAtMs)) * 1000n,
          durationMs: endedAtMs - startedAtMs,
          version: this.#refused.has(file.id) ? "N/A" : (version ?? ""),
          message: message ?? "",
        });
      });
    });
    for (const [at, { file, status }] of ends.entries()) {
      this.#pending.delete(file.id);
      this.#refused.delete(file.id);
      const start = starts[at] ?? null;
      if (status === wanted && start !== null) this.#tried.set(file.id, start);
    }
  }

  handBack(files: readonly IngestFile[]): void {
    this.#options.catalog.inTransaction((sqlite) => {
      const drop = sqlite.prepare(`DELETE FROM ${this.#events} WHERE files_id = ? AND start_time = ? AND status = 'PENDING'`);
      for (const { id } of files) drop.run(id, this.#pending.get(id) ?? "");
    });
    for (const { id } of files) this.#pending.delete(id);
    this.#known = null;
  }

  /** Another one as soon as another connection has committed, or the database is another file. */
  #version(sqlite: DatabaseSync): string {
    const { data_version: version } = sqlite.prepare("PRAGMA data_version").get() as { data_version: number };
    return `${this.#options.catalog.openings}:${version}`;
  }

  get #events(): string {
    return quoted(this.#options.tables.events);
  }

  #due(sqlite: DatabaseSync): Newest[] {
    const version = this.#version(sqlite);
    if (this.#known !== null && this.#known.version === version && this.#known.due.length > 0) return this.#known.due;
    const isAllEntered = this.#enterNew(sqlite);
    const due: Newest[] = [];
    for (const row of this.#newest(sqlite, this.#options.status)) {
      if (due.length >= KNOWN_MAX) break;
      if (this.#tried.get(row.id) !== row.last && this.#isWanted(pathOfRow(row))) due.push(row);
    }
    this.#known = { version, due, isAll: isAllEntered && due.length < KNOWN_MAX };
    return due;
  }

  /** New files have no event: now they have one. What the lists leave out is said to be so, once. Whether these were all. */
  #enterNew(sqlite: DatabaseSync): boolean {
    if (this.#options.status !== "UNTRIED") return true;
    const files = quoted(this.#options.tables.files);
    const fresh = sqlite
      .prepare(
        `SELECT id, CAST(relpath AS BLOB) AS relpath, CAST(filename AS BLOB) AS filename FROM ${files}
         WHERE id NOT IN (SELECT files_id FROM ${this.#events} WHERE files_id IS NOT NULL) ORDER BY id LIMIT ${ENTERED_MAX}`,
      )
      .all() as FileRow[];
    for (const row of fresh)
      if (this.#isWanted(pathOfRow(row))) this.#add(sqlite, { file: row.id, after: null, status: "UNTRIED" });
      else this.#add(sqlite, { file: row.id, after: null, status: "IGNORED", message: NOT_WANTED });
    return fresh.length < ENTERED_MAX;
  }

  /** Files whose newest event has this status: SQLite gives a group's other columns from the row that has its maximum. */
  #newest(sqlite: DatabaseSync, status: string): Iterable<Newest> {
    return sqlite
      .prepare(
        `SELECT f.id AS id, CAST(f.relpath AS BLOB) AS relpath, CAST(f.filename AS BLOB) AS filename, n.last AS last, n.message AS message FROM
           (SELECT files_id, CAST(max(start_time) AS TEXT) AS last, status, err_message AS message FROM ${this.#events} GROUP BY files_id HAVING status = ?) n
         JOIN ${quoted(this.#options.tables.files)} f ON f.id = n.files_id ORDER BY f.id`,
      )
      .iterate(status) as unknown as Iterable<Newest>;
  }

  #isWanted(path: RelPath): boolean {
    const { include, exclude } = this.#options;
    const text = textOf(path);
    return (include.length === 0 || include.some((one) => one.test(text))) && !exclude.some((one) => one.test(text));
  }

  /** After all that the file has: the newest is its state, also where somebody wrote a time of another zone. Its start. */
  #add(sqlite: DatabaseSync, event: Event): string {
    const start = eventAfter(event.after, event.startUs);
    sqlite
      .prepare(`INSERT INTO ${this.#events} (files_id, start_time, duration, status, ingest_ver, err_message) VALUES (?, ?, ?, ?, ?, ?)`)
      .run(
        event.file,
        start,
        event.durationMs === undefined ? null : interval(BigInt(Math.max(0, Math.round(event.durationMs * 1000)))),
        event.status,
        event.version ?? null,
        event.message ?? null,
      );
    return start;
  }
}
