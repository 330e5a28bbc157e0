import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { SuprsyncDatabase } from "./database.ts";
import { type FileRow, FILES_TABLE } from "./schema.ts";

/** The original's tools list what failed up to this often. */
const ATTEMPTS_MAX = 1024;
/** Rows of one short read. */
const PAGE_ROWS = 1000;

/** What a producer at a prompt left out is what the original's writers would have put in. */
const COPYABLE = `archive_name = ? AND removed IS NULL AND local_md5sum IS NOT remote_md5sum
  AND coalesce(failed_copy_attempts, 0) < ${ATTEMPTS_MAX} AND NOT coalesce("ignore", 0)`;

/** Every row of a local file: of all archives, the oldest first. */
export function rowsOfFile(database: SuprsyncDatabase, paths: readonly string[]): Promise<FileRow[]> {
  const places = paths.map(() => "?").join(", ");
  return database.read((db) => rows(db, `SELECT * FROM ${FILES_TABLE} WHERE local_path IN (${places}) ORDER BY id`, ...paths));
}

/** The row that an agent of the archive takes next; null: there is none. */
export async function nextRow(database: SuprsyncDatabase, archive: string): Promise<FileRow | null> {
  const [first] = await database.read((db) => copyable(db, archive, 0, 1));
  return first ?? null;
}

/** All rows that are still to be copied. Page by page, so that a reader that takes its time holds up nobody. */
export async function* copyableRows(database: SuprsyncDatabase, archive: string): AsyncGenerator<FileRow> {
  for (let after = 0; ;) {
    const page = await database.read((db) => copyable(db, archive, after, PAGE_ROWS));
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

function copyable(db: DatabaseSync, archive: string, after: number, most: number): FileRow[] {
  return rows(db, `SELECT * FROM ${FILES_TABLE} WHERE ${COPYABLE} AND id > ? ORDER BY id LIMIT ?`, archive, after, most);
}

function rows(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): FileRow[] {
  return db.prepare(sql).all(...values) as FileRow[];
}
