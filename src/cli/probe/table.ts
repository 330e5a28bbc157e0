import { existsSync } from "node:fs";
import { connect, TableError } from "../../flow/table/connection.ts";
import { countStatement } from "../../flow/table/sql.ts";
import type { FlowSettings, TableSource } from "../../flow/settings.ts";
import { type AbsPath, absPath, type Bytes, fsPath, show } from "../../kernel/path.ts";
import { fsTypeOf } from "../../kernel/file-system-type.ts";
import { formatAge, formatMany } from "../../kernel/readable.ts";
import { type Finding, good, note, problem } from "./finding.ts";
import { mayUse, permissionFix } from "./permission.ts";
import { shellWord } from "./shell-word.ts";

/** Looks at the table of another program's database, and writes nothing. */
export function probeTable(source: TableSource): Finding[] {
  const { database, table } = source;
  const directory = absPath(`${database}/..` as Bytes);
  try {
    const { sqlite } = connect(source);
    try {
      const mode = String(sqlite.prepare("PRAGMA journal_mode").get()?.["journal_mode"]);
      const rows = Number(sqlite.prepare(countStatement(source)).get(...source.where.map(({ value }) => value))?.["n"]);
      return [
        good(`table ${table} of ${show(database)} can be read: ${formatMany(rows, "row")} of this flow`),
        ...writable(database, directory),
        ...journal(database, mode),
        ...local(database),
      ];
    } finally {
      sqlite.close();
    }
  } catch (error) {
    if (!(error instanceof TableError)) throw error;
    return [problem(`${error.message}; the flow waits until it can be used`, fixFor(database, directory))];
  }
}

function fixFor(database: AbsPath, directory: AbsPath): string {
  if (!mayUse(directory, "rx")) return permissionFix(directory, "rx");
  if (!existsSync(fsPath(database))) return "start the program that makes it, or correct source.table.database";
  return `sqlite3 ${shellWord(database)} .schema`;
}

/** SQLite makes files of its own beside the database. */
function writable(database: AbsPath, directory: AbsPath): Finding[] {
  if (!mayUse(database, "rw"))
    return [problem(`${show(database)} cannot be written, so no row learns what became of it`, permissionFix(database, "rw"))];
  if (!mayUse(directory, "wx"))
    return [problem(`${show(directory)} cannot be written, where SQLite keeps its journal`, permissionFix(directory, "wx"))];
  return [good("what becomes of each row can be written into it")];
}

function journal(database: AbsPath, mode: string): Finding[] {
  if (mode === "wal") return [good("its journal is a WAL: readers and writers do not wait for each other")];
  return [note(`its journal is ${mode}: who writes waits for all who read`, `sqlite3 ${shellWord(database)} 'PRAGMA journal_mode = WAL'`)];
}

function local(database: AbsPath): Finding[] {
  const type = fsTypeOf(database);
  if (!type.network) return [];
  return [
    note(
      `${show(database)} is on ${type.name}, where SQLite's locks may not work: two who write at a time can damage it`,
      "keep the database on a disk of this machine",
    ),
  ];
}

/** The files of rows may lie anywhere. */
export function probeRowRetention({ retain, source }: FlowSettings): Finding[] {
  if (source.kind !== "table" || retain.kind === "keep") return [good("files stay in the source")];
  const { removable } = source.columns;
  const which = removable === null ? "all rows" : `rows with ${removable}`;
  const how =
    retain.kind === "hold" ? `are moved to ${show(retain.directory)}` : `are deleted ${formatAge(retain.afterMs)} after their registration`;
  return [good(`delivered files of ${which} ${how}, where their directory may be written; one that may not be removed is told in the log`)];
}
