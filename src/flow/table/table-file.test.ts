import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ForeignTable, suprsyncColumns, tableSource } from "../../../test/support/foreign-table.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import type { KnownRows, SeenRow } from "./messages.ts";
import { TableFile } from "./table-file.ts";

let temporary: Temporary;
let file: string;
let foreign: ForeignTable;
let table: TableFile;
beforeEach(async () => {
  temporary = await makeTemporary();
  file = `${temporary.path}/with space?%.db`;
  foreign = new ForeignTable(file);
  table = new TableFile(tableSource(file));
});
afterEach(async () => {
  table[Symbol.dispose]();
  foreign[Symbol.dispose]();
  await temporary[Symbol.asyncDispose]();
});

const add = (name: string, more: object = {}): number => foreign.add({ local_path: `/data/${name}`, remote_path: name, ...more });
const known = (rows: ReadonlyArray<{ row: number; fingerprint: number }>): KnownRows => ({
  rows: Float64Array.from(rows, ({ row }) => row),
  fingerprints: Float64Array.from(rows, ({ fingerprint }) => fingerprint),
});
const idsOf = (rows: readonly SeenRow[]): number[] => rows.map(({ row }) => row);
const all = (of: KnownRows = known([]), limit = 100): ReturnType<TableFile["range"]> => table.range(0, true, of, limit);

test("only rows of ours are read, in order of their keys, and the end of the table is told", () => {
  add("a");
  add("b", { archive_name: "other" });
  add("c");
  add("d", { archive_name: "other" });
  expect(all()).toMatchObject({ rows: [{ row: 1 }, { row: 3 }], missing: [], through: 4, ended: true });
});

test("of known rows only those are told that are others by now, new, or gone", () => {
  for (const name of ["a", "b", "c", "d"]) add(name);
  const before = all().rows;
  foreign.set(2, { failed_copy_attempts: 1 });
  foreign.remove(3);
  foreign.remove(4);
  foreign.add({ id: 9, local_path: "/data/e", remote_path: "e" });
  const now = all(known(before));
  expect(idsOf(now.rows)).toEqual([2, 9]);
  expect(now.missing).toEqual([3, 4]);
  expect(table.keys(known(before))).toMatchObject({ rows: [{ row: 2 }], missing: [3, 4] });
  // What is not ours any more is gone, too.
  foreign.set(1, { archive_name: "other" });
  expect(table.keys(known(before)).missing).toEqual([1, 3, 4]);
});

test("a long difference comes in parts, and what is behind a part is not taken for gone", () => {
  for (let at = 1; at <= 10; at++) add(`f${at}`);
  const rows = all().rows;
  const [, ...rest] = rows;
  for (const { row } of rest) foreign.set(row, { ignore: 1 });
  const first = all(known(rows), 4);
  expect(first).toMatchObject({ through: 5, ended: false, missing: [] });
  expect(idsOf(first.rows)).toEqual([2, 3, 4, 5]);
  const second = table.range(5, true, known(rows.slice(5)), 100);
  expect(idsOf(second.rows)).toEqual([6, 7, 8, 9, 10]);
  expect(second.ended).toBe(true);
});

test("whether anything may have changed is told by a version that our own writes leave alone", () => {
  add("a");
  const { version, identity } = table.poll();
  expect(table.poll()).toEqual({ version, identity, last: 1 });
  const [seen] = all().rows;
  const write = { row: 1, registration: seen!.registration, fingerprint: seen!.fingerprint, removedAtS: null, ignore: false };
  const [end] = table.write([{ ...write, delivered: { hex: "0".repeat(32), atS: 5 }, failures: { there: 0, told: null, now: 0 } }]);
  expect(end).toMatchObject({ kind: "written", verified: true, waits: false, copiedAtS: 5 });
  expect(foreign.row(1)).toMatchObject({ remote_md5sum: "0".repeat(32), copied: 5 });
  expect(table.poll().version).toBe(version);
  // What was written is known as it is now.
  expect(all(known([{ row: 1, fingerprint: end!.fingerprint }])).rows).toEqual([]);
  add("b");
  expect(table.poll().version).not.toBe(version);
});

test("a row that others changed before it was written has to be compared anew", () => {
  add("a");
  const [seen] = all().rows;
  foreign.set(1, { ignore: 1 });
  const write = {
    row: 1,
    registration: seen!.registration,
    fingerprint: seen!.fingerprint,
    removedAtS: null,
    ignore: false,
    delivered: null,
  };
  expect(table.write([{ ...write, failures: { there: 0, told: null, now: 1 } }])).toMatchObject([
    { kind: "written", failures: 1, fingerprint: -1 },
  ]);
  foreign.remove(1);
  expect(table.write([{ ...write, failures: { there: 0, told: null, now: 1 } }])).toMatchObject([{ kind: "gone", fingerprint: -1 }]);
});

test("another file in its place is opened, and is another", () => {
  add("a");
  const before = table.poll();
  using other = new ForeignTable(`${file}.other`);
  other.add({ local_path: "/data/x", remote_path: "x" });
  other.sqlite.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
  rmSync(`${file}-wal`, { force: true });
  rmSync(`${file}-shm`, { force: true });
  renameSync(`${file}.other`, file);
  const now = table.poll();
  expect(now.identity).not.toBe(before.identity);
  expect(now.version).not.toBe(before.version);
  expect(all().rows).toMatchObject([{ path: "x" }]);
});

test("a lock is waited for, for so long, and then told", () => {
  add("a");
  foreign.sqlite.exec("BEGIN IMMEDIATE");
  // Readers of a WAL wait for nobody.
  expect(table.poll().last).toBe(1);
  expect(() => table.write([])).toThrow(
    expect.objectContaining({ locked: true, message: expect.stringContaining("another program holds its lock") }),
  );
  foreign.sqlite.exec("ROLLBACK");
  expect(table.write([])).toEqual([]);
});

test.each<[what: string, place: Partial<ReturnType<typeof tableSource>>, says: RegExp]>([
  ["that is not there, which is not made", { database: bytesOfText("/nowhere/x.db") as AbsPath }, /x\.db is not there/],
  ["that is a directory", { database: bytesOfText("/") as AbsPath }, /is no file/],
  ["without the table", { table: "none" }, /there is no table none/],
  ["without columns", { columns: { ...suprsyncColumns, digest: "sum", found: "there" } }, /has no column sum, there/],
  ["whose key is none", { columns: { ...suprsyncColumns, id: "remote_path" } }, /column remote_path .* is not its INTEGER PRIMARY KEY/],
])("a database %s is told", (_, place, says) => {
  using wrong = new TableFile(tableSource(file, place));
  expect(() => wrong.poll()).toThrow(says);
  expect(existsSync("/nowhere")).toBe(false);
});

test("what is no database, or is damaged, is told, and followed again once it is whole", () => {
  add("a");
  foreign[Symbol.dispose]();
  const replace = (content: string): void => {
    writeFileSync(`${file}.broken`, content);
    renameSync(`${file}.broken`, file);
    rmSync(`${file}-wal`, { force: true });
  };
  replace("no database, but long enough to be looked at as one: ".repeat(20));
  expect(() => table.poll()).toThrow(/it is no SQLite database/);
  replace("");
  expect(() => table.poll()).toThrow(/there is no table/);
  rmSync(file);
  foreign = new ForeignTable(file);
  add("b");
  expect(all().rows).toMatchObject([{ path: "b" }]);
});

test("values of any type are read, and cost no other row anything", () => {
  foreign.add({ local_path: Buffer.from("/data/\xff\n'", "latin1"), remote_path: Buffer.from([0xfe]) });
  foreign.add({ local_path: 5, remote_path: 1.5, timestamp: "soon", failed_copy_attempts: 2n ** 62n });
  add("good");
  expect(all().rows).toMatchObject([
    { file: "/data/\xff\n'", path: "\xfe", unusable: null },
    { unusable: expect.any(String) },
    { path: "good", unusable: null },
  ]);
});

test("a file is registered once, whoever was killed in between, and by its bytes", () => {
  const row = {
    file: bytesOfText("/data/m") as AbsPath,
    path: bytesOfText("m"),
    digestHex: "1".repeat(32),
    registeredAtS: 7,
    removable: false,
  };
  const set = { timecode: null, manifest: row };
  for (const sets of [[set], [set, set]]) table.tellSets(sets);
  expect(foreign.row(2)).toBeUndefined();
  expect(foreign.row(1)).toMatchObject({
    local_path: "/data/m",
    remote_path: "m",
    archive_name: "data",
    timestamp: 7,
    deletable: 0,
    ignore: 0,
  });
  expect(table.find({ file: row.file })).toMatchObject([{ row: 1, path: "m" }]);
});

test("columns that a table has not are neither read nor written", () => {
  const plain = `${temporary.path}/plain.db`;
  using sqlite = Object.assign(new DatabaseSync(plain), { [Symbol.dispose]() {} });
  sqlite.exec(
    `CREATE TABLE "the files" ("the id" INTEGER PRIMARY KEY, "from ""here" TEXT, "to" TEXT, done REAL); INSERT INTO "the files" VALUES (4, '/a', 'a', NULL)`,
  );
  const none = { digest: null, found: null, registeredAt: null, removedAt: null, failures: null, removable: null, ignore: null };
  const columns = { ...none, id: "the id", file: 'from "here', path: "to", deliveredAt: "done" };
  using other = new TableFile(tableSource(plain, { table: "the files", columns, where: [] }));
  const [seen] = other.range(0, true, known([]), 10).rows;
  expect(seen).toMatchObject({
    row: 4,
    file: "/a",
    path: "a",
    digest: null,
    removable: true,
    ignore: false,
    verified: false,
    unusable: null,
  });
  const write = { row: 4, registration: seen!.registration, fingerprint: seen!.fingerprint, removedAtS: 5, ignore: true };
  other.write([{ ...write, delivered: { hex: "0", atS: 9 }, failures: { there: 0, told: null, now: 3 } }]);
  expect(sqlite.prepare('SELECT * FROM "the files"').get()).toMatchObject({ done: 9 });
  sqlite.close();
});
