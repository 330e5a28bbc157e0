import { posix, resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { HotdirError } from "../kernel/errors.ts";
import { FILES_TABLE, TIMECODES_TABLE } from "./schema.ts";

/** A file as a producer tells of it. `timestampS`: when it was added, in seconds since 1970. */
export type Registration = {
  localPath: string;
  remotePath: string;
  archive: string;
  md5: string;
  timestampS: number;
  deletable: boolean;
};

/** Adds the row, and its timecode directory where the archive has none of it yet; the row's number. Within a transaction. */
export function register(db: DatabaseSync, file: Registration): number {
  const timecode = timecodeOf(file.remotePath);
  if (timecode !== null && !hasTimecode(db, timecode, file.archive))
    db.prepare(
      `INSERT INTO ${TIMECODES_TABLE} (timecode, archive_name, completed, synced, finalized, finalize_file_id) VALUES (?, ?, 0, 0, 0, NULL)`,
    ).run(timecode, file.archive);
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO ${FILES_TABLE} (local_path, local_md5sum, archive_name, remote_path, timestamp, remote_md5sum, copied, removed,
        failed_copy_attempts, deletable, "ignore") VALUES (?, ?, ?, ?, ?, NULL, NULL, NULL, 0, ?, 0)`,
    )
    .run(file.localPath, file.md5, file.archive, file.remotePath, file.timestampS, file.deletable ? 1 : 0);
  return Number(lastInsertRowid);
}

function hasTimecode(db: DatabaseSync, timecode: number, archive: string): boolean {
  return db.prepare(`SELECT 1 FROM ${TIMECODES_TABLE} WHERE timecode = ? AND archive_name = ?`).get(timecode, archive) !== undefined;
}

/** The first part of a remote path where it is an integer of five digits: Unix time in units of 100,000 s. */
export function timecodeOf(remotePath: string): number | null {
  const [first = ""] = posix.normalize(remotePath).split("/");
  return /^[1-9]\d{4}$/.test(first) ? Number(first) : null;
}

/** Where a file is on this machine. Throws `bad-usage` for a name that the table's text cannot hold. */
export function checkLocalPath(path: string): string {
  if (path === "" || typeof path !== "string") throw unfit("the local path is missing");
  // Whoever decoded the name has lost bytes of it.
  if (path.includes("\ufffd")) throw unfit(`${path}: its name is not UTF-8, and the table holds text: rename the file`);
  if (path.includes("\0")) throw unfit("a path has no NUL character");
  return resolve(path);
}

/** Below the agent's --remote-basedir, in its shortest form. */
export function checkRemotePath(path: string): string {
  if (typeof path !== "string") throw unfit("the remote path is missing");
  const clean = posix.normalize(path);
  if (path === "" || clean === "." || path.endsWith("/")) throw unfit(`the remote path ${JSON.stringify(path)} names no file`);
  if (path.startsWith("/")) throw unfit(`the remote path ${path} is relative to the agent's --remote-basedir, and does not begin with /`);
  if (clean === ".." || clean.startsWith("../")) throw unfit(`the remote path ${path} leads out of the agent's --remote-basedir`);
  if (path.includes("\0")) throw unfit("a path has no NUL character");
  return clean;
}

export function checkMd5(md5: string): string {
  if (!/^[0-9a-f]{32}$/i.test(md5)) throw unfit(`${JSON.stringify(md5)} is no MD5: 32 hexadecimal digits are expected`);
  return md5.toLowerCase();
}

export function checkArchive(archive: string): string {
  if (archive === "" || typeof archive !== "string") throw unfit("the archive's name is missing");
  if (archive.includes("\0")) throw unfit("an archive's name has no NUL character");
  return archive;
}

export function checkTimestamp(seconds: number): number {
  if (!Number.isFinite(seconds) || seconds < 0) throw unfit(`${seconds} is no time: seconds since 1970 are expected`);
  return seconds;
}

function unfit(detail: string): HotdirError {
  return new HotdirError("bad-usage", { operation: "add a file", detail });
}
