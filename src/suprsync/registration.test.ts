import { DatabaseSync } from "node:sqlite";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hasCode } from "../kernel/errors.ts";
import { checkLocalPath, checkMd5, checkRemotePath, register, type Registration, timecodeOf } from "./registration.ts";
import { tables } from "./schema.ts";

function makeDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const { sql } of tables) db.exec(sql);
  return db;
}

function registration(more: Partial<Registration> = {}): Registration {
  return {
    localPath: "/data/a.g3",
    remotePath: "16750/a.g3",
    archive: "smurf",
    md5: "0".repeat(32),
    timestampS: 1,
    deletable: true,
    ...more,
  };
}

test("the first file of a timecode directory registers it, once for each archive", () => {
  using db = makeDatabase();
  for (const remotePath of ["16750/a", "16750/b/c", "./16750//d", "16751/e", "notes/f"]) register(db, registration({ remotePath }));
  register(db, registration({ archive: "timestreams" }));
  const found = db.prepare("SELECT archive_name, timecode, completed, synced, finalized FROM timecode_dirs_v0 ORDER BY id").all();
  const fresh = { completed: 0, synced: 0, finalized: 0 };
  expect(found.map((row) => ({ ...row }))).toEqual([
    { archive_name: "smurf", timecode: 16750, ...fresh },
    { archive_name: "smurf", timecode: 16751, ...fresh },
    { archive_name: "timestreams", timecode: 16750, ...fresh },
  ]);
});

test("every column is written as the original's writers do: floats, 0 and 1, and nulls for what is not known", () => {
  using db = makeDatabase();
  expect(register(db, registration({ timestampS: 1_686_152_766, deletable: false }))).toBe(1);
  const row = db.prepare(`SELECT *, typeof(timestamp) AS time_type, typeof(deletable) AS flag_type FROM supersync_v0`).get();
  expect({ ...row }).toEqual({
    id: 1,
    local_path: "/data/a.g3",
    local_md5sum: "0".repeat(32),
    archive_name: "smurf",
    remote_path: "16750/a.g3",
    timestamp: 1_686_152_766,
    remote_md5sum: null,
    copied: null,
    removed: null,
    failed_copy_attempts: 0,
    deletable: 0,
    ignore: 0,
    time_type: "real",
    flag_type: "integer",
  });
});

test.each([
  ["16750/a", 16750],
  ["16750", 16750],
  ["01675/a", null],
  ["167500/a", null],
  ["1675/a", null],
  ["x16750/a", null],
  ["a/16750", null],
])("the timecode of %s is %s", (path, timecode) => {
  expect(timecodeOf(path)).toBe(timecode);
});

test.each(["", ".", "/a", "../a", "a/../../b", "a/", "a\0b"])("the remote path %j is refused", (path) => {
  expect(() => checkRemotePath(path)).toThrow(/remote path|NUL/);
});

test("a remote path that is taken is relative, and never leads out", () => {
  const part = fc.oneof(fc.constantFrom("..", ".", "", "a", "16750"), fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const clean = taken(parts.join("/"));
      expect(clean === null || (clean !== "" && !clean.startsWith("/") && !clean.split("/").includes(".."))).toBe(true);
    }),
  );
});

/** null: it was refused as wrong use is. */
function taken(path: string): string | null {
  try {
    return checkRemotePath(path);
  } catch (error) {
    if (hasCode(error, "bad-usage")) return null;
    throw error;
  }
}

test("names that the table's text cannot hold, and what is no MD5, are refused with what to do", () => {
  expect(() => checkLocalPath("/data/\ufffd.g3")).toThrow(/not UTF-8.*rename the file/);
  expect(() => checkLocalPath("")).toThrow(/missing/);
  expect(() => checkMd5("d41d8cd9")).toThrow(/32 hexadecimal digits/);
  expect(checkMd5("D41D8CD98F00B204E9800998ECF8427E")).toBe("d41d8cd98f00b204e9800998ecf8427e");
});
