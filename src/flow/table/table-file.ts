import { statSync } from "node:fs";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { errnoOf } from "../../kernel/errors.ts";
import { type AbsPath, bufferOf, fsPath } from "../../kernel/path.ts";
import { transact } from "../../kernel/transact.ts";
import { versionOf } from "../version.ts";
import { cellsFrom, fingerprintOf, type RowCells } from "./cells.ts";
import { connect, type Connection, fileOf, tableErrorOf } from "./connection.ts";
import type { KnownRows, Look, RowWrite, SeenRow, SetWrite, TableAnswers, TablePlace, WriteEnd } from "./messages.ts";
import { readRow, type TableRow } from "./row.ts";
import { type ReadStatements, readStatements } from "./sql.ts";
import { finalTimecodes, tellSet } from "./timecode-directories.ts";
import { writeRow } from "./write-row.ts";

/** Rows that are compared in one go: each go is a short read of the database. */
const COMPARED_MAX = 5000;
/** Rows that name one file, for people. */
const FOUND_MAX = 20;

/**
 * The table of another program's database, in short transactions. Whatever is wrong with the file throws a `TableError`, and the next
 * question opens it anew; so does a file that was put in its place.
 */
export class TableFile implements Disposable {
  readonly #place: TablePlace;
  readonly #sql: ReadStatements;
  #connection: Connection | null = null;
  #statements = new Map<string, StatementSync>();
  #opened = 0;

  constructor(place: TablePlace) {
    this.#place = place;
    this.#sql = readStatements(place);
  }

  poll(): TableAnswers["poll"] {
    return this.#use((sqlite, file) => {
      const version = sqlite.prepare("PRAGMA data_version").get()?.["data_version"];
      return { identity: file, version: `${this.#opened}:${String(version)}`, last: this.#last() };
    });
  }

  range(after: number, open: boolean, known: KnownRows, limit: number): TableAnswers["range"] {
    return this.#use(() => {
      const until = open ? this.#last() : (known.rows.at(-1) ?? after);
      const rows: SeenRow[] = [];
      const missing: number[] = [];
      let at = 0;
      let through = after;
      let compared = 0;
      let ended = true;
      for (const values of this.#iterate(this.#sql.range, [after, until, ...this.#ours()])) {
        const cells = cellsFrom(values);
        while (at < known.rows.length && known.rows[at]! < cells.row) missing.push(known.rows[at++]!);
        const isKnown = known.rows[at] === cells.row;
        if (!isKnown || fingerprintOf(cells) !== known.fingerprints[at]) rows.push(this.#seen(cells));
        if (isKnown) at++;
        through = cells.row;
        if (rows.length < limit && ++compared < COMPARED_MAX) continue;
        ended = false;
        break;
      }
      if (!ended) return { rows, missing, through, ended };
      // Also what is known beyond the last row.
      missing.push(...known.rows.subarray(at));
      return { rows, missing, through: Math.max(after, until), ended };
    });
  }

  keys(known: KnownRows): TableAnswers["keys"] {
    return this.#use(() => {
      const rows: SeenRow[] = [];
      const missing: number[] = [];
      for (const [at, row] of known.rows.entries()) {
        const cells = this.#read(row);
        if (cells === null) missing.push(row);
        else if (fingerprintOf(cells) !== known.fingerprints[at]) rows.push(this.#seen(cells));
      }
      return { rows, missing };
    });
  }

  /** Rows of ours, by their key or by the file that they name. */
  find(by: { row: number } | { file: AbsPath }): TableRow[] {
    return this.#use(() => {
      const found = "row" in by ? [this.#read(by.row)] : this.#naming(by.file);
      return found.flatMap((cells) => (cells === null ? [] : [readRow(cells, this.#place, Date.now() / 1000)]));
    });
  }

  #naming(file: AbsPath): RowCells[] {
    const found: RowCells[] = [];
    const bytes = bufferOf(file);
    for (const values of this.#iterate(this.#sql.naming, [bytes.toString("utf8"), bytes, ...this.#ours()]))
      if (found.push(cellsFrom(values)) >= FOUND_MAX) break;
    return found;
  }

  write(writes: RowWrite[]): WriteEnd[] {
    return this.#write((sqlite) => writes.map((write) => writeRow(sqlite, this.#place, write, (row) => this.#read(row))));
  }

  tellSets(sets: SetWrite[]): TableAnswers["sets"] {
    return this.#write((sqlite) => {
      for (const set of sets) tellSet(sqlite, this.#place, set);
      return { told: sets.length };
    });
  }

  finalTimecodes(): TableAnswers["final"] {
    return this.#use((sqlite) => finalTimecodes(sqlite, this.#place));
  }

  look(files: AbsPath[]): Look[] {
    return files.map(lookAtFile);
  }

  #seen(cells: RowCells): SeenRow {
    const row = readRow(cells, this.#place, Date.now() / 1000);
    return { ...row, look: row.file === null ? { kind: "gone" } : lookAtFile(row.file) };
  }

  #ours(): SQLInputValue[] {
    return this.#place.where.map(({ value }) => value);
  }

  #last(): number {
    const [row] = this.#iterate(this.#sql.last, []);
    return Number(row?.[0] ?? 0);
  }

  #read(row: number): RowCells | null {
    const [values] = this.#iterate(this.#sql.key, [row, ...this.#ours()]);
    return values === undefined ? null : cellsFrom(values);
  }

  *#iterate(sql: string, values: SQLInputValue[]): Generator<SQLOutputValue[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection!.sqlite.prepare(sql);
      // Numbers of a foreign table may be larger than JavaScript's.
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    yield* statement.iterate(...values) as unknown as Iterable<SQLOutputValue[]>;
  }

  /** All or nothing, and in one go: others wait for it. */
  #write<T>(work: (sqlite: DatabaseSync) => T): T {
    return this.#use((sqlite) => transact(sqlite, () => work(sqlite)));
  }

  #use<T>(work: (sqlite: DatabaseSync, file: string) => T): T {
    try {
      if (this.#connection !== null && fileOf(this.#place) !== this.#connection.file) this.#close();
      if (this.#connection === null) {
        this.#connection = connect(this.#place);
        this.#opened++;
      }
      return work(this.#connection.sqlite, this.#connection.file);
    } catch (error) {
      const trouble = tableErrorOf(error, this.#place);
      if (!trouble.locked) this.#close();
      throw trouble;
    }
  }

  #close(): void {
    this.#statements.clear();
    if (this.#connection?.sqlite.isOpen === true) this.#connection.sqlite.close();
    this.#connection = null;
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}

/** Symlinks are followed: whoever registers a file may name it as he likes. */
function lookAtFile(file: AbsPath): Look {
  try {
    const stat = statSync(fsPath(file), { bigint: true });
    return stat.isFile() ? { kind: "file", version: versionOf(stat), mode: Number(stat.mode) & 0o7777 } : { kind: "other" };
  } catch (error) {
    const code = errnoOf(error) ?? "unknown";
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "gone" } : { kind: "unreadable", code };
  }
}
