import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Catalog } from "../../src/flow/catalog/catalog.ts";
import { EventQueue } from "../../src/flow/catalog/event-queue.ts";
import type { AbsPath } from "../../src/kernel/path.ts";
import { originalTables } from "../support/endpoint.ts";
import { makeTemporary } from "../support/temporary.ts";
import { toBuffer } from "../support/walk.ts";
import { ingestQueueContract } from "./ingest-queue.ts";

/** The endpoint manager's tables, read and written beside the queue by another connection. */
ingestQueueContract(async () => {
  const temporary = await makeTemporary();
  const storage = temporary.path as AbsPath;
  const database = `${temporary.path}/e.db` as AbsPath;
  const sqlite = new DatabaseSync(database);
  sqlite.exec(originalTables);
  const catalog = new Catalog({ database, table: "files" });
  const tables = { files: "files", events: "file_events" };
  const open = (): EventQueue => new EventQueue({ catalog, tables, storage, status: "UNTRIED", include: [], exclude: [], version: null });
  const newest = (name: string) =>
    sqlite
      .prepare(
        "SELECT e.files_id, e.status FROM file_events e JOIN files f ON f.id = e.files_id WHERE CAST(f.filename AS BLOB) = ? ORDER BY e.start_time DESC LIMIT 1",
      )
      .get(toBuffer(name)) as { files_id: number; status: string } | undefined;
  return {
    queue: open(),
    reopen() {
      // Its owner lives on as this test: what a kill leaves is a process that is gone.
      sqlite.exec("UPDATE file_events SET err_message = err_message || 'x' WHERE status = 'PENDING'");
      return open();
    },
    async add(name) {
      writeFileSync(toBuffer(`${storage}/${name}`), name);
      sqlite
        .prepare(
          "INSERT INTO files (relpath, filename, checksum, size_bytes, added_on) VALUES ('.', CAST(? AS TEXT), ?, 1, '2026-01-01 00:00:00')",
        )
        .run(toBuffer(name), name);
    },
    statusOf: (name) => newest(name)?.status ?? "UNTRIED",
    rerun: (name) =>
      void sqlite
        .prepare("INSERT INTO file_events (files_id, start_time, status) VALUES (?, '2999-01-01 00:00:00', 'RERUN')")
        .run(newest(name)!.files_id),
    async [Symbol.asyncDispose]() {
      catalog[Symbol.dispose]();
      sqlite.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
});

/** The files of a storage of which no event tells yet. */
function untriedIn(catalog: Catalog, storage: AbsPath): EventQueue {
  const tables = { files: "files", events: "file_events" };
  return new EventQueue({ catalog, tables, storage, status: "UNTRIED", include: [], exclude: [], version: null });
}

test("a row that was taken away while the command had its file keeps no other from being recorded", async () => {
  await using at = await makeTemporary();
  const database = `${at.path}/e.db` as AbsPath;
  const sqlite = new DatabaseSync(database);
  sqlite.exec(originalTables);
  sqlite.exec("INSERT INTO files VALUES (1, '.', 'a', '01', 1, ''), (2, '.', 'b', '02', 1, '')");
  using catalog = new Catalog({ database, table: "files" });
  const queue = untriedIn(catalog, at.path as AbsPath);
  queue.begin();
  const taken = queue.take(2);
  sqlite.exec("DELETE FROM file_events WHERE files_id = 1; DELETE FROM files WHERE id = 1");
  queue.record(taken.map((file) => ({ file, status: "SUCCESS", message: null, startedAtMs: Date.now(), endedAtMs: Date.now() })));
  expect(sqlite.prepare("SELECT files_id FROM file_events WHERE status = 'SUCCESS'").all()).toEqual([{ files_id: 2 }]);
  sqlite.close();
});

test("events and files of others with values that are missing, or are no text, keep no file from being ingested", async () => {
  await using at = await makeTemporary();
  const database = `${at.path}/e.db` as AbsPath;
  const sqlite = new DatabaseSync(database);
  sqlite.exec(`CREATE TABLE files (id INTEGER PRIMARY KEY, relpath, filename, checksum);
    CREATE TABLE file_events (files_id, start_time, duration, status, ingest_ver, err_message);
    INSERT INTO files (relpath, filename) VALUES ('.', 'a'), (NULL, 'b'), ('d', NULL);
    INSERT INTO file_events (files_id, start_time, status, err_message) VALUES (NULL, '2026', 'X', 1), (1, 17, 'UNTRIED', 2), (1, NULL, NULL, 3), (2, 18, 'PENDING', 4)`);
  using catalog = new Catalog({ database, table: "files" });
  const queue = untriedIn(catalog, at.path as AbsPath);
  expect(queue.begin()).toBe(1);
  expect(queue.take(9).map(({ id }) => id)).toEqual([1, 3]);
  expect(sqlite.prepare("SELECT files_id FROM file_events WHERE status = 'PENDING' AND typeof(start_time) = 'text'").all()).toHaveLength(2);
  sqlite.close();
});
