import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeTemporary } from "../../../test/support/temporary.ts";
import { originalTables } from "../../../test/support/endpoint.ts";
import type { AbsPath, RelPath } from "../../kernel/path.ts";
import { Catalog } from "./catalog.ts";

async function place(tables = originalTables) {
  const temporary = await makeTemporary();
  const database = `${temporary.path}/c.db` as AbsPath;
  const sqlite = new DatabaseSync(database);
  sqlite.exec(tables);
  const catalog = new Catalog({ database, table: "files" });
  return {
    sqlite,
    catalog,
    database,
    async [Symbol.asyncDispose]() {
      catalog[Symbol.dispose]();
      sqlite.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
}
const file = (path: string, hex: string) => ({ path: path as RelPath, hex, sizeBytes: 3 });

test("a file is entered once, and found there by whoever enters it again after a kill", async () => {
  await using at = await place();
  expect(at.catalog.enterAll([file("d/a", "01"), file("b", "02")]).map(({ kind }) => kind)).toEqual(["none", "none"]);
  expect(at.catalog.enter(file("d/a", "01"))).toMatchObject({ kind: "same", row: { id: 1, path: "d/a" } });
  expect(at.sqlite.prepare("SELECT relpath, filename, checksum, size_bytes FROM files").all()).toEqual([
    { relpath: "d", filename: "a", checksum: "01", size_bytes: 3 },
    { relpath: ".", filename: "b", checksum: "02", size_bytes: 3 },
  ]);
});

test("a name and a content have one row each: what would need another is told, and writes nothing", async () => {
  await using at = await place();
  at.catalog.enter(file("d/a", "01"));
  expect(at.catalog.find("e/a" as RelPath, "01")).toMatchObject({ kind: "same", row: { path: "d/a" } });
  expect(at.catalog.enter(file("e/a", "02"))).toMatchObject({ kind: "other", by: "name" });
  expect(at.catalog.enter(file("e/b", "01"))).toMatchObject({ kind: "other", by: "content" });
  expect(at.catalog.rowAt("e/b" as RelPath)).toBeNull();
  expect(at.sqlite.prepare("SELECT count(*) AS n FROM files").get()).toEqual({ n: 1 });
});

test("a name that is no UTF-8 is kept as its bytes, and told apart from another one", async () => {
  await using at = await place();
  at.catalog.enterAll([file("\u00ff/x\u00fe", "01"), file("y\u00fd", "02")]);
  expect(at.catalog.find("other/x\u00fe" as RelPath, "01")).toMatchObject({ kind: "same", row: { path: "\u00ff/x\u00fe" } });
  expect(at.catalog.find("x\u00fd" as RelPath, "03")).toEqual({ kind: "none" });
});

test("a table whose ids SQLite does not give, and one without sizes, are written as well", async () => {
  await using at = await place(
    "CREATE TABLE files (id BIGINT NOT NULL, relpath TEXT NOT NULL, filename TEXT NOT NULL UNIQUE, checksum TEXT NOT NULL UNIQUE, added_on DATETIME NOT NULL, PRIMARY KEY (id));",
  );
  at.catalog.enterAll([file("a", "01"), file("b", "02")]);
  expect(at.sqlite.prepare("SELECT id, filename FROM files ORDER BY id").all()).toEqual([
    { id: 1, filename: "a" },
    { id: 2, filename: "b" },
  ]);
});

test("what cannot be used is told and never made, and a locked one can be used once it is free", async () => {
  await using at = await place();
  const missing = `${at.database}x` as AbsPath;
  using nowhere = new Catalog({ database: missing, table: "files" });
  expect(() => nowhere.find("a" as RelPath, "01")).toThrow("there is no such file");
  expect(existsSync(missing)).toBe(false);
  using other = new Catalog({ database: at.database, table: "fils" });
  expect(() => other.find("a" as RelPath, "01")).toThrow("it has no table fils");
  using events = new Catalog({ database: at.database, table: "file_events" });
  expect(() => events.find("a" as RelPath, "01")).toThrow("its table file_events lacks relpath, filename, checksum");
  at.sqlite.exec("BEGIN EXCLUSIVE");
  expect(() => at.catalog.enter(file("a", "01"))).toThrow(/locked/);
  at.sqlite.exec("COMMIT");
  expect(at.catalog.enter(file("a", "01"))).toEqual({ kind: "none" });
});

test("a database that was replaced is opened anew, and one that is gone is told: rows in the old one nobody would find", async () => {
  await using at = await place();
  at.catalog.enter(file("a", "01"));
  renameSync(at.database, `${at.database}.old`);
  expect(() => at.catalog.enter(file("b", "02"))).toThrow("there is no such file");
  const replaced = new DatabaseSync(at.database);
  replaced.exec(originalTables);
  expect(at.catalog.enter(file("b", "02"))).toEqual({ kind: "none" });
  expect(replaced.prepare("SELECT filename FROM files").all()).toEqual([{ filename: "b" }]);
  replaced.close();
});

test("rows of others with values that are missing, or are no text, are no reason to stop", async () => {
  await using at = await place("CREATE TABLE files (id INTEGER PRIMARY KEY, relpath, filename, checksum)");
  at.sqlite.exec("INSERT INTO files (relpath, filename, checksum) VALUES (NULL, 'a', NULL), (7, x'62', 3), ('d', NULL, '01')");
  expect(at.catalog.find("x/a" as RelPath, "02")).toMatchObject({ kind: "other", by: "name", row: { id: 1, path: "a", hex: "" } });
  expect(at.catalog.find("c" as RelPath, "01")).toMatchObject({ kind: "other", by: "content", row: { id: 3 } });
  expect(at.catalog.enter(file("c", "04"))).toEqual({ kind: "none" });
});

test("a row is found by its place through the index of names", async () => {
  await using at = await place();
  at.catalog.enterAll([file("d/a", "01"), file("b", "02"), file("\u00ff/x\u00fe", "03")]);
  expect(["d/a", "b", "\u00ff/x\u00fe", "a"].map((path) => at.catalog.rowAt(path as RelPath)?.hex)).toEqual(["01", "02", "03", undefined]);
});

test("a row that a rule of the table refuses keeps no other out, and what was written with it is undone", async () => {
  await using at = await place(
    "CREATE TABLE files (id INTEGER PRIMARY KEY, relpath, filename UNIQUE CHECK (length(filename) < 5), checksum UNIQUE); CREATE TABLE more (id PRIMARY KEY)",
  );
  expect(at.catalog.enterAll([file("a", "01"), file("longer", "02"), file("b", "03")])).toEqual([
    { kind: "none" },
    { kind: "refused", detail: "CHECK constraint failed: length(filename) < 5" },
    { kind: "none" },
  ]);
  const entered = at.catalog.inTransaction((sqlite) => {
    sqlite.exec("INSERT INTO more VALUES (3)");
    return at.catalog.enterWith(file("c", "04"), (_, id) => sqlite.exec(`INSERT INTO more VALUES (${id})`));
  });
  expect(entered).toMatchObject({ kind: "refused" });
  expect(at.sqlite.prepare("SELECT filename FROM files ORDER BY id").all()).toEqual([{ filename: "a" }, { filename: "b" }]);
  expect(at.sqlite.prepare("SELECT id FROM more").all()).toEqual([{ id: 3 }]);
});
