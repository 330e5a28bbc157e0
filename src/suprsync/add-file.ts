import { fileMd5 } from "./file-md5.ts";
import { checkArchive, checkLocalPath, checkMd5, checkRemotePath, checkTimestamp, register } from "./registration.ts";
import { PATIENCE_MS, SuprsyncDatabase } from "./database.ts";

/** A file that a SupRsync agent is to copy. */
export type AddFileOptions = {
  /** The SQLite file; it is made, with both tables, where it is missing. */
  database: string;
  /** The file on this machine, which is whole; relative paths begin in the working directory. */
  localPath: string;
  /** Where it goes, relative to the agent's `--remote-basedir`. */
  remotePath: string;
  /** Which agent is to copy it. */
  archive: string;
  /** Of its content, 32 hexadecimal digits; without it the file is read. */
  md5?: string;
  /** When it was added, in seconds since 1970; without it: now. Deleting counts from here. */
  timestamp?: number;
  /** Whether the agent may delete the local file once it is verified; without it: yes. */
  deletable?: boolean;
  /** So long a database that another program has locked is waited for, in milliseconds; without it: a minute. */
  patienceMs?: number;
  signal?: AbortSignal;
};

export type AddedFile = {
  /** The row's number in `supersync_v0`. */
  id: number;
  md5: string;
};

/**
 * Adds a row to a SupRsync database, and its timecode directory where it is the first of it; durable when it resolves. Any number of
 * programs may call it at once. Rejects with an error whose `code` is `source-gone`, `source-unreadable`, `source-changed` (somebody still
 * writes the file), `database-failed` or `bad-usage`; then nothing was added.
 */
export async function addFile(options: AddFileOptions): Promise<AddedFile> {
  const { database, deletable = true, patienceMs = PATIENCE_MS, signal } = options;
  const named = {
    localPath: checkLocalPath(options.localPath),
    remotePath: checkRemotePath(options.remotePath),
    archive: checkArchive(options.archive),
    timestampS: checkTimestamp(options.timestamp ?? Date.now() / 1000),
  };
  const waiting = { patienceMs, ...(signal === undefined ? {} : { signal }) };
  const md5 = options.md5 === undefined ? (await fileMd5(named.localPath, signal)).md5 : checkMd5(options.md5);
  using opened = await SuprsyncDatabase.openForWriting(database, { create: true, ...waiting });
  const id = await opened.write((db) => register(db, { ...named, md5, deletable }));
  return { id, md5 };
}
