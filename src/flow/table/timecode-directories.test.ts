import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test } from "vitest";
import { suprsyncColumns } from "../../../test/support/foreign-table.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import { registeredRows } from "./add-row.ts";
import type { SetWrite, TablePlace } from "./messages.ts";
import { finalTimecodes, tellSet } from "./timecode-directories.ts";

const place: TablePlace = {
  database: "/none" as AbsPath,
  table: "supersync_v0",
  algorithm: "md5",
  where: [{ column: "archive_name", value: "smurf" }],
  columns: suprsyncColumns,
};
const manifest = {
  file: bytesOfText("/so/16861/i/1_smurf_16750_finalized.yaml") as AbsPath,
  path: bytesOfText("16861/suprsync/i/1_smurf_16750_finalized.yaml"),
  digestHex: "1".repeat(32),
  registeredAtS: 1.5,
  removable: true,
};
const rows = `CREATE TABLE supersync_v0 (id INTEGER PRIMARY KEY, local_path TEXT, local_md5sum TEXT, archive_name TEXT, remote_path TEXT, timestamp FLOAT,
  remote_md5sum TEXT, copied FLOAT, removed FLOAT, failed_copy_attempts INTEGER, deletable BOOLEAN, "ignore" BOOLEAN)`;
const directories =
  "CREATE TABLE timecode_dirs_v0 (id INTEGER PRIMARY KEY, timecode INTEGER NOT NULL, archive_name TEXT NOT NULL, completed BOOLEAN, synced BOOLEAN, finalized BOOLEAN, finalize_file_id INTEGER)";
let sqlite: DatabaseSync;

beforeEach(() => {
  sqlite = new DatabaseSync(":memory:");
  sqlite.exec(rows);
});

const tell = (set: SetWrite): boolean =>
  tellSet(sqlite, place, set, registeredRows(sqlite, place, set.manifest === null ? [] : [set.manifest]));
const told = (): unknown[] =>
  sqlite
    .prepare("SELECT timecode, archive_name, completed, synced, finalized, finalize_file_id FROM timecode_dirs_v0 ORDER BY id")
    .all()
    .map((row) => Object.values(row));

test("a set is told whole, then final with its manifest, each as often as whoever was killed asks", () => {
  sqlite.exec(directories);
  const whole = { timecode: 16750, manifest: null };
  for (const set of [whole, whole]) tell(set);
  expect(told()).toEqual([[16750, "smurf", 1, 0, 0, null]]);
  expect(finalTimecodes(sqlite, place)).toEqual([]);
  const final = { timecode: 16750, manifest };
  for (const set of [final, final]) tell(set);
  // The manifest lies in a timecode directory itself.
  expect(told()).toEqual([
    [16750, "smurf", 1, 1, 1, 1],
    [16861, "smurf", 0, 0, 0, null],
  ]);
  expect(sqlite.prepare("SELECT count(*) AS n FROM supersync_v0").get()).toMatchObject({ n: 1 });
  expect(finalTimecodes(sqlite, place)).toEqual([16750]);
});

test("only the directories of the archive are told of, and what another agent made final keeps its file", () => {
  sqlite.exec(directories);
  sqlite.exec("INSERT INTO timecode_dirs_v0 VALUES (1, 16750, 'timestreams', 0, 0, 1, 9), (2, 16750, 'smurf', 1, 1, 1, 7)");
  expect(tell({ timecode: 16750, manifest })).toBe(false);
  expect(told().slice(0, 2)).toEqual([
    [16750, "timestreams", 0, 0, 1, 9],
    [16750, "smurf", 1, 1, 1, 7],
  ]);
  expect(finalTimecodes(sqlite, place)).toEqual([16750]);
});

test("a database without such a table, or with another one of that name, gets the row alone", () => {
  tell({ timecode: 16750, manifest });
  sqlite.exec("CREATE TABLE timecode_dirs_v0 (timecode INTEGER, note TEXT)");
  tell({ timecode: 16750, manifest });
  expect(finalTimecodes(sqlite, place)).toEqual([]);
  expect(sqlite.prepare("SELECT remote_path, deletable FROM supersync_v0").all()).toMatchObject([
    { remote_path: manifest.path, deletable: 1 },
  ]);
});
