import { createHash } from "node:crypto";
import { appendFileSync, closeSync, openSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { addFile } from "./add-file.ts";
import { SuprsyncDatabase } from "./database.ts";
import { fileMd5 } from "./file-md5.ts";

async function makePlace(): Promise<AsyncDisposable & { path: string }> {
  const made = await mkdtempDisposable(join(tmpdir(), "hotdir-suprsync-"));
  return { path: made.path, [Symbol.asyncDispose]: () => made.remove() };
}

function rowsIn(database: string): unknown[] {
  using db = new DatabaseSync(database, { readOnly: true });
  return db.prepare("SELECT local_path, remote_path, local_md5sum FROM supersync_v0 ORDER BY id").all();
}

test("a file is added to a database that is not there yet, whatever its name, with the MD5 of its content", async () => {
  await using place = await makePlace();
  const localPath = `${place.path}/it's a "name";\n.g3`;
  writeFileSync(localPath, "content");
  const database = `${place.path}/made/by/it/suprsync.db`;
  const md5 = createHash("md5").update("content").digest("hex");
  expect(await addFile({ database, localPath, remotePath: "16750/x.g3", archive: "smurf" })).toEqual({ id: 1, md5 });
  expect(rowsIn(database)).toMatchObject([{ local_path: localPath, remote_path: "16750/x.g3", local_md5sum: md5 }]);
});

test("with an MD5 the file is not read; a hundred calls at once are a hundred rows", async () => {
  await using place = await makePlace();
  const common = { database: `${place.path}/db`, archive: "smurf", md5: "0".repeat(32) };
  const added = await Promise.all(
    Array.from({ length: 100 }, (_, at) => addFile({ ...common, localPath: `/nowhere/${at}`, remotePath: `16750/${at}` })),
  );
  expect(added.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
});

test("a file that is not there, is none, or is written meanwhile is not added, and why is a code", async () => {
  await using place = await makePlace();
  const common = { database: `${place.path}/db`, remotePath: "a", archive: "smurf" };
  await expect(addFile({ ...common, localPath: `${place.path}/gone` })).rejects.toMatchObject({ code: "source-gone" });
  await expect(addFile({ ...common, localPath: place.path })).rejects.toMatchObject({ code: "source-unreadable" });
  await expect(addFile({ ...common, localPath: place.path, timestamp: Number.NaN })).rejects.toMatchObject({ code: "bad-usage" });
  const growing = `${place.path}/growing`;
  writeFileSync(growing, Buffer.alloc(8 * 1024 * 1024));
  const read = fileMd5(growing);
  const timer = setInterval(() => appendFileSync(growing, "x"), 1);
  await expect(read).rejects.toMatchObject({ code: "source-changed" });
  clearInterval(timer);
});

test("a database that another keeps locked is waited for, with a word, and then it is an error that says so", async () => {
  await using place = await makePlace();
  const database = `${place.path}/db`;
  using held = new DatabaseSync(database);
  held.exec("PRAGMA journal_mode = WAL; CREATE TABLE mine (x); BEGIN IMMEDIATE");
  const told: string[] = [];
  const open = SuprsyncDatabase.openForWriting(database, { create: true, patienceMs: 1500, tell: (line) => void told.push(line) });
  await expect(open).rejects.toMatchObject({
    code: "database-failed",
    detail: expect.stringMatching(/kept it locked for [12] s; try again/) as string,
  });
  expect(told).toEqual([`another program has locked ${database}; waiting for it, 2 s at most`]);
  const added = addFile({ database, localPath: "/x", remotePath: "x", archive: "a", md5: "0".repeat(32) });
  setTimeout(() => held.exec("COMMIT"), 300);
  expect(await added).toMatchObject({ id: 1 });
});

test("what is no database, and a database without the tables, is refused and left as it is", async () => {
  await using place = await makePlace();
  const text = `${place.path}/text`;
  writeFileSync(
    text,
    "this is no database, though it is as long as the header of one would be, and longer still than that: a hundred bytes",
  );
  await expect(SuprsyncDatabase.openForReading(text)).rejects.toMatchObject({ code: "database-failed", detail: "file is not a database" });
  const empty = `${place.path}/empty`;
  closeSync(openSync(empty, "w"));
  await expect(SuprsyncDatabase.openForReading(empty)).rejects.toThrow(/no table supersync_v0 and timecode_dirs_v0/);
  await expect(SuprsyncDatabase.openForWriting(empty, { create: false })).rejects.toThrow(/--create-db makes what is missing/);
  await expect(SuprsyncDatabase.openForReading(`${place.path}/gone`)).rejects.toThrow(/there is no such file/);
  await expect(SuprsyncDatabase.openForReading(place.path)).rejects.toThrow(/this is no file/);
});
