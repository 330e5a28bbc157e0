import { afterEach, beforeEach, expect, test } from "vitest";
import { ForeignTable, tableSource } from "../../../test/support/foreign-table.ts";
import { makeTemporary, type Temporary } from "../../../test/support/temporary.ts";
import { type AbsPath, bytesOfText } from "../../kernel/path.ts";
import type { NewRow } from "./messages.ts";
import { TableFile } from "./table-file.ts";

let temporary: Temporary;
let foreign: ForeignTable;
let table: TableFile;
beforeEach(async () => {
  temporary = await makeTemporary();
  foreign = new ForeignTable(`${temporary.path}/foreign.db`);
  foreign.sqlite.exec(
    "CREATE TABLE timecode_dirs_v0 (id INTEGER PRIMARY KEY, timecode INTEGER NOT NULL, archive_name VARCHAR NOT NULL, completed BOOLEAN, synced BOOLEAN, finalized BOOLEAN, finalize_file_id INTEGER)",
  );
  table = new TableFile(tableSource(foreign.file));
});
afterEach(async () => {
  table[Symbol.dispose]();
  foreign[Symbol.dispose]();
  await temporary[Symbol.asyncDispose]();
});

const manifest = (name: string): NewRow => ({
  file: bytesOfText(`/fin/17000/me/${name}`) as AbsPath,
  path: bytesOfText(`17000/suprsync/me/${name}`),
  digestHex: "1".repeat(32),
  registeredAtS: 7,
  removable: true,
});
const directories = (): unknown[] =>
  foreign.sqlite.prepare("SELECT timecode, completed, synced, finalized, finalize_file_id FROM timecode_dirs_v0 ORDER BY id").all();

test("a set that another program made final meanwhile gets no second manifest, and those beside it have theirs", () => {
  foreign.sqlite.exec(`INSERT INTO timecode_dirs_v0 VALUES (1, 16750, 'data', 1, 1, 1, 9), (2, 16751, 'other', 1, 1, 1, 9)`);
  const sets = [16750, 16751].map((timecode) => ({ timecode, manifest: manifest(`${timecode}.yaml`) }));
  expect(table.tellSets(sets)).toEqual({ elsewhere: [0] });
  expect(foreign.rows().map(({ remote_path }) => remote_path)).toEqual(["17000/suprsync/me/16751.yaml"]);
  expect(directories()[0]).toEqual({ timecode: 16750, completed: 1, synced: 1, finalized: 1, finalize_file_id: 9 });
});

test("what is registered already is looked for once for all manifests: others have to wait for us a moment only", () => {
  foreign.sqlite.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
     INSERT INTO supersync_v0 SELECT i, '/data/' || i, '', 'data', '16750/' || i, 1, NULL, NULL, NULL, 0, 1, 0 FROM n`,
  );
  const sets = Array.from({ length: 64 }, (_, at) => ({ timecode: 16000 + at, manifest: manifest(`${at}.yaml`) }));
  const timeOf = (some: typeof sets): number => {
    const begun = performance.now();
    expect(table.tellSets(some)).toEqual({ elsewhere: [] });
    return performance.now() - begun;
  };
  const one = timeOf(sets.slice(0, 1));
  expect(Math.min(timeOf(sets), timeOf(sets))).toBeLessThan(one * 20);
  expect(foreign.sqlite.prepare("SELECT count(*) AS n FROM supersync_v0 WHERE id > 50000").get()).toEqual({ n: 64 });
});
