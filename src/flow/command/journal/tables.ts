import type { DatabaseSync } from "node:sqlite";
import { nameOf, parentOf, textOf } from "../../../kernel/path.ts";
import type { BatchStory, FiledMember } from "../../ledger/batches.ts";
import { interval, localDateTime } from "./sqlalchemy-time.ts";

const MIB = 1024 * 1024;

/** The tables of LSST's DBB handoff manager, as SQLAlchemy makes them in SQLite. */
const tables: Record<string, string> = {
  files: `CREATE TABLE files (
	id INTEGER NOT NULL, 
	relpath VARCHAR NOT NULL, 
	filename VARCHAR NOT NULL, 
	checksum VARCHAR NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	created_on DATETIME NOT NULL, 
	held_on DATETIME, 
	deleted_on DATETIME, 
	PRIMARY KEY (id)
)`,
  transfer_batches: `CREATE TABLE transfer_batches (
	id INTEGER NOT NULL, 
	pre_start_time DATETIME NOT NULL, 
	pre_duration DATETIME NOT NULL, 
	trans_start_time DATETIME, 
	trans_duration DATETIME, 
	post_start_time DATETIME, 
	post_duration DATETIME, 
	size_bytes INTEGER, 
	rate_mbytes_per_sec NUMERIC, 
	status INTEGER NOT NULL, 
	err_msg TEXT, 
	PRIMARY KEY (id)
)`,
  file_transfer_attempts: `CREATE TABLE file_transfer_attempts (
	files_id BIGINT, 
	batch_id BIGINT, 
	FOREIGN KEY(files_id) REFERENCES files (id), 
	FOREIGN KEY(batch_id) REFERENCES transfer_batches (id)
)`,
};

/** What is asked of the tables for each batch, in databases of any size. The original has none of these, and goes on with them as it did. */
const INDEXES = [
  "CREATE INDEX IF NOT EXISTS hotdir_files_by_name ON files (filename, relpath)",
  "CREATE INDEX IF NOT EXISTS hotdir_batches_by_time ON transfer_batches (pre_start_time)",
];

/** Another process holds the database for now. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" && [5, 6].includes(error.errcode & 0xff);
}

/** The names of those that are not there. */
export function missingTables(sqlite: DatabaseSync): string[] {
  const there = new Set(
    sqlite
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
  );
  return Object.keys(tables).filter((name) => !there.has(name));
}

/** Makes what is missing; what is there stays as it is. */
export function makeTables(sqlite: DatabaseSync): void {
  for (const name of missingTables(sqlite)) sqlite.exec(tables[name]!);
  makeIndexes(sqlite);
}

/** Of a database that somebody else made, at the first use. */
export function makeIndexes(sqlite: DatabaseSync): void {
  for (const index of INDEXES) sqlite.exec(index);
}

export function dropTables(sqlite: DatabaseSync): void {
  for (const name of Object.keys(tables).reverse()) sqlite.exec(`DROP TABLE IF EXISTS ${name}`);
}

/** The row of a file with this very content, made where there is none. */
export function fileRow(sqlite: DatabaseSync, { path, digest, sizeBytes, mtimeNs }: FiledMember): number {
  const [relpath, filename, checksum] = [textOf(parentOf(path) as typeof path), textOf(nameOf(path)), digest!.hex];
  const known = sqlite
    .prepare("SELECT id FROM files WHERE relpath = ? AND filename = ? AND checksum = ? LIMIT 1")
    .get(relpath, filename, checksum);
  if (known !== undefined) return Number(known["id"]);
  const made = sqlite
    .prepare("INSERT INTO files (relpath, filename, checksum, size_bytes, created_on) VALUES (?, ?, ?, ?, ?)")
    .run(relpath, filename, checksum, sizeBytes, localDateTime(mtimeNs / 1000n));
  return Number(made.lastInsertRowid);
}

export function markHeld(sqlite: DatabaseSync, file: number, atUs: number): void {
  sqlite.prepare("UPDATE files SET held_on = ? WHERE id = ? AND held_on IS NULL").run(localDateTime(BigInt(atUs)), file);
}

/** Once, however often it is asked for: no two batches of a ledger begin in one microsecond, and those of another have other files. */
export function batchRow(sqlite: DatabaseSync, batch: BatchStory, files: number[]): void {
  const began = localDateTime(BigInt(batch.preAtUs));
  const same = sqlite.prepare(
    "SELECT 1 FROM transfer_batches b WHERE b.pre_start_time = ? AND EXISTS (SELECT 1 FROM file_transfer_attempts a WHERE a.batch_id = b.id AND a.files_id = ?)",
  );
  if (same.get(began, files[0]!) !== undefined) return;
  const seconds = (batch.transferTookUs ?? 0) / 1_000_000;
  const row = sqlite
    .prepare(
      "INSERT INTO transfer_batches (pre_start_time, pre_duration, trans_start_time, trans_duration, post_start_time, post_duration, size_bytes, rate_mbytes_per_sec, status, err_msg) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      began,
      took(batch.preTookUs ?? 0),
      at(batch.transferAtUs),
      took(batch.transferTookUs),
      at(batch.postAtUs),
      took(batch.postTookUs),
      batch.bytes,
      batch.status === 0 && seconds > 0 ? batch.bytes / seconds / MIB : null,
      batch.status,
      batch.message ?? "",
    );
  for (const file of files)
    sqlite.prepare("INSERT INTO file_transfer_attempts (files_id, batch_id) VALUES (?, ?)").run(file, row.lastInsertRowid);
}

function at(us: number | null): string | null {
  return us === null ? null : localDateTime(BigInt(us));
}

function took(us: number | null): string | null {
  return us === null ? null : interval(BigInt(us));
}
