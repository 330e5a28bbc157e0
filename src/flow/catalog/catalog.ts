import { statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { HotdirError, messageOf } from "../../kernel/errors.ts";
import { type AbsPath, type Bytes, bytesOf, bufferOf, fsPath, nameOf, parentOf, type RelPath, show } from "../../kernel/path.ts";
import { transact } from "../../kernel/transact.ts";
import type { CatalogSettings } from "../finish-settings.ts";
import { localDateTime } from "../command/journal/sqlalchemy-time.ts";
import { nowUs } from "./event-time.ts";

/** A row of the table: where the file is below the directory that the catalog is of, and what it is. */
export type CatalogRow = { id: number; path: RelPath; hex: string };

/** What the table has of a name and a checksum, each of which it has once. */
export type Lookup =
  | { kind: "none" }
  /** The same name with the same content. */
  | { kind: "same"; row: CatalogRow }
  /** The same name with other content, or the same content under another name: there can be no row for this one. */
  | { kind: "other"; row: CatalogRow; by: "name" | "content" };

/** `refused`: a rule of the table (a CHECK, a column that must not be empty, a trigger) takes no such row. */
export type Entered = Lookup | { kind: "refused"; detail: string };

const NEEDED = ["relpath", "filename", "checksum"];
/** Its other users have short transactions; whoever asks here tries again by itself. */
const BUSY_MS = 250;

/** `file`: which file that is. `numbersItself`: SQLite gives new rows their id. */
type Opened = { file: string; sqlite: DatabaseSync; columns: ReadonlySet<string>; numbersItself: boolean };
/** Others write it, and not every table forbids them anything: no value need be there, or be text. */
type Row = { id: number; relpath: Uint8Array | null; filename: Uint8Array | null; checksum: unknown };

/** The table of files of somebody else's SQLite database: other processes read and write it, and so each call is one short transaction. */
export class Catalog implements Disposable {
  readonly #settings: Pick<CatalogSettings, "database" | "table">;
  #open: Opened | null = null;
  #isClosed = false;
  /** How often the database was opened: what was learnt from one that was replaced is of no use. */
  openings = 0;

  constructor(settings: Pick<CatalogSettings, "database" | "table">) {
    this.#settings = settings;
  }

  /** Throws `catalog-failed`, as all calls do: it is not there, has no such table, or is locked for now. */
  find(path: RelPath, hex: string): Lookup {
    return this.findAll([{ path, hex }])[0]!;
  }

  /** Also where there are none: then it was found to be usable. */
  findAll(files: ReadonlyArray<{ path: RelPath; hex: string }>): Lookup[] {
    return this.#with(({ sqlite }) => {
      sqlite.prepare(`SELECT 1 FROM ${this.#table} LIMIT 1`).get();
      return files.map(({ path, hex }) => this.#find(path, hex));
    });
  }

  /** Enters a file; `none`: it is entered now. One that has its row already is as good. */
  enter(file: { path: RelPath; hex: string; sizeBytes: number }): Entered {
    return this.enterAll([file])[0]!;
  }

  /** Many in one transaction: it takes as long as one does. One that is refused keeps no other out. */
  enterAll(files: ReadonlyArray<{ path: RelPath; hex: string; sizeBytes: number }>): Entered[] {
    return this.#transaction(() => files.map((file) => this.enterWith(file, () => undefined)));
  }

  /** Within a transaction of `inTransaction` only. `also`: is given the id of a new row, and is refused with it. */
  enterWith(file: { path: RelPath; hex: string; sizeBytes: number }, also: (sqlite: DatabaseSync, id: number) => void): Entered {
    return this.#with(({ sqlite }) => {
      const found = this.#find(file.path, file.hex);
      if (found.kind !== "none") return found;
      sqlite.exec("SAVEPOINT entry");
      try {
        also(sqlite, this.#insert(file));
        return found;
      } catch (error) {
        if (!isConstraint(error)) throw error;
        sqlite.exec("ROLLBACK TO entry");
        return { kind: "refused", detail: messageOf(error) };
      } finally {
        if (sqlite.isTransaction) sqlite.exec("RELEASE entry");
      }
    });
  }

  /** Whether a file at the path has a row. */
  rowAt(path: RelPath): CatalogRow | null {
    return this.#with(({ sqlite }) => {
      // By its name alone: of that there is an index.
      const rows = sqlite.prepare(`${this.#select} WHERE filename = CAST(? AS TEXT)`).all(bufferOf(nameOf(path))) as Row[];
      return rows.map(rowOf).find((row) => row.path === path) ?? null;
    });
  }

  /** All or nothing, with whatever else is done to the same database. */
  inTransaction<T>(work: (sqlite: DatabaseSync) => T): T {
    return this.#transaction(work);
  }

  read<T>(work: (sqlite: DatabaseSync) => T): T {
    return this.#with(({ sqlite }) => work(sqlite));
  }

  get #table(): string {
    return quoted(this.#settings.table);
  }

  get #select(): string {
    return `SELECT id, CAST(relpath AS BLOB) AS relpath, CAST(filename AS BLOB) AS filename, checksum FROM ${this.#table}`;
  }

  /** A column of the type BIGINT is no number that SQLite gives by itself. */
  #nextId(sqlite: DatabaseSync): number {
    return (sqlite.prepare(`SELECT coalesce(max(id), 0) + 1 AS id FROM ${this.#table}`).get() as { id: number }).id;
  }

  /** The new row's id. Throws SQLite's own errors. */
  #insert({ path, hex, sizeBytes }: { path: RelPath; hex: string; sizeBytes: number }): number {
    const { sqlite, columns, numbersItself } = this.#opened();
    const [relpath, filename] = this.#place(path);
    const values: Array<[string, string, SQLInputValue]> = [
      ["relpath", "CAST(? AS TEXT)", relpath],
      ["filename", "CAST(? AS TEXT)", filename],
      ["checksum", "?", hex],
      ["size_bytes", "?", sizeBytes],
      ["added_on", "?", localDateTime(nowUs())],
    ];
    const given = values.filter(([name]) => columns.has(name));
    if (!numbersItself) given.push(["id", "?", this.#nextId(sqlite)]);
    const sql = `INSERT INTO ${this.#table} (${given.map(([name]) => name).join(", ")}) VALUES (${given.map(([, mark]) => mark).join(", ")})`;
    const { lastInsertRowid } = sqlite.prepare(sql).run(...given.map(([, , value]) => value));
    return numbersItself ? Number(lastInsertRowid) : Number(given.at(-1)![2]);
  }

  /** Names are bytes, and text to SQLite: what is no UTF-8 stays as it is. */
  #place(path: RelPath): [Buffer, Buffer] {
    const parent = parentOf(path);
    return [bufferOf(parent === "" ? ("." as Bytes) : parent), bufferOf(nameOf(path))];
  }

  #find(path: RelPath, hex: string): Lookup {
    return this.#with(({ sqlite }) => {
      const name = bufferOf(nameOf(path));
      const rows = sqlite.prepare(`${this.#select} WHERE filename = CAST(? AS TEXT) OR checksum = ?`).all(name, hex) as Row[];
      const found = rows.map(rowOf);
      const same = found.find((row) => row.hex === hex && nameOf(row.path) === nameOf(path));
      if (same !== undefined) return { kind: "same", row: same };
      const [other] = found;
      return other === undefined ? { kind: "none" } : { kind: "other", row: other, by: other.hex === hex ? "content" : "name" };
    });
  }

  #transaction<T>(work: (sqlite: DatabaseSync) => T): T {
    return this.#with(({ sqlite }) => transact(sqlite, () => work(sqlite)));
  }

  #with<T>(work: (open: Opened) => T): T {
    try {
      return work(this.#opened());
    } catch (error) {
      if (error instanceof HotdirError) throw error;
      throw this.#failure(messageOf(error), error);
    }
  }

  /** Rows in a file that was replaced, or removed, nobody would find. */
  #opened(): Opened {
    const open = this.#open;
    if (open !== null && (open.sqlite.isTransaction || open.file === this.#file())) return open;
    open?.sqlite.close();
    this.#open = null;
    return (this.#open = this.#make());
  }

  /** Which file the database is now; null: there is none. */
  #file(): string | null {
    const stat = statSync(fsPath(this.#settings.database), { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
  }

  #make(): Opened {
    // Whoever still reads a large file must not open it anew.
    if (this.#isClosed) throw this.#failure("it was closed");
    const path = fsPath(this.#settings.database);
    const file = this.#file();
    this.openings++;
    // SQLite would make it, and nobody would find the rows that go there by a mistaken path.
    if (file === null) throw this.#failure("there is no such file");
    const sqlite = new DatabaseSync(path, { timeout: BUSY_MS });
    const columns = sqlite.prepare(`PRAGMA table_info(${this.#table})`).all() as Array<{ name: string; type: string; pk: number }>;
    const missing = NEEDED.filter((name) => !columns.some((column) => column.name === name));
    if (columns.length > 0 && missing.length === 0) {
      const numbersItself = columns.some(({ name, type, pk }) => name === "id" && pk === 1 && type.toUpperCase() === "INTEGER");
      return { file, sqlite, columns: new Set(columns.map(({ name }) => name)), numbersItself };
    }
    sqlite.close();
    const what =
      columns.length === 0 ? `it has no table ${this.#settings.table}` : `its table ${this.#settings.table} lacks ${missing.join(", ")}`;
    throw this.#failure(what);
  }

  #failure(detail: string, cause?: unknown): HotdirError {
    return new HotdirError("catalog-failed", { operation: "ask the catalog", path: this.#settings.database, detail, cause });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    if (this.#open?.sqlite.isOpen === true) this.#open.sqlite.close();
    this.#open = null;
  }
}

function rowOf(row: Row): CatalogRow {
  return { id: row.id, path: pathOfRow(row), hex: typeof row.checksum === "string" ? row.checksum : "" };
}

/** Where the file of a row is, below the directory that its catalog is of. */
export function pathOfRow({ relpath, filename }: Pick<Row, "relpath" | "filename">): RelPath {
  const [directory, name] = [relpath, filename].map((bytes) => bytesOf(bytes ?? new Uint8Array()));
  return (directory === "." || directory === "" ? name! : `${directory}/${name}`) as RelPath;
}

const CONSTRAINT = 19;

function isConstraint(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === CONSTRAINT;
}

/** As SQL quotes a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** For people. */
export function describeRow(row: CatalogRow, directory: AbsPath): string {
  return `row ${row.id} (${show(directory)}/${show(row.path)})`;
}
