/**
 * Version 0, letter by letter as SQLAlchemy makes it for the original's classes. Booleans are 0 and 1, times are seconds since 1970. Its
 * defaults are the writer's, not the table's: whoever inserts writes every column.
 */
export const FILES_TABLE = "supersync_v0";
export const TIMECODES_TABLE = "timecode_dirs_v0";

const files = `CREATE TABLE IF NOT EXISTS ${FILES_TABLE} (
	id INTEGER NOT NULL, 
	local_path VARCHAR NOT NULL, 
	local_md5sum VARCHAR NOT NULL, 
	archive_name VARCHAR NOT NULL, 
	remote_path VARCHAR NOT NULL, 
	timestamp FLOAT NOT NULL, 
	remote_md5sum VARCHAR, 
	copied FLOAT, 
	removed FLOAT, 
	failed_copy_attempts INTEGER, 
	deletable BOOLEAN, 
	"ignore" BOOLEAN, 
	PRIMARY KEY (id)
)`;

const timecodes = `CREATE TABLE IF NOT EXISTS ${TIMECODES_TABLE} (
	id INTEGER NOT NULL, 
	timecode INTEGER NOT NULL, 
	archive_name VARCHAR NOT NULL, 
	completed BOOLEAN, 
	synced BOOLEAN, 
	finalized BOOLEAN, 
	finalize_file_id INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(finalize_file_id) REFERENCES ${FILES_TABLE} (id)
)`;

export const tables = [
  { name: FILES_TABLE, sql: files },
  { name: TIMECODES_TABLE, sql: timecodes },
] as const;

/** A row of `supersync_v0`. */
export type FileRow = {
  id: number;
  local_path: string;
  local_md5sum: string;
  archive_name: string;
  remote_path: string;
  timestamp: number;
  remote_md5sum: string | null;
  copied: number | null;
  removed: number | null;
  failed_copy_attempts: number | null;
  deletable: number | null;
  ignore: number | null;
};
