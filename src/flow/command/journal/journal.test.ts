import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { makeLedger, put } from "../../../../test/support/ledger.ts";
import { silentLog } from "../../../kernel/log.ts";
import { type AbsPath, bytesOfText } from "../../../kernel/path.ts";
import type { DigestAlgorithm } from "../../digest.ts";
import { recordQueued } from "../../ledger/admissions.ts";
import { closeBatch, openBatches } from "../../ledger/batches.ts";
import { countOwed, setJournaled } from "../../ledger/journal-owed.ts";
import { Journal } from "./journal.ts";
import { batchRow, fileRow, makeTables } from "./tables.ts";

const digest = (algorithm: DigestAlgorithm) => ({ algorithm, hex: "ab".repeat(algorithm === "sha256" ? 32 : 64) });

test("a checksum is a BLAKE2b one: what was sent with another digest, before there was a journal, is not told", async () => {
  await using ledger = await makeLedger();
  const { db, flow, run } = ledger;
  const file = `${ledger.stateDirectory}/journal.db`;
  using sqlite = new DatabaseSync(file);
  makeTables(sqlite);
  setJournaled(db, flow, true);
  for (const algorithm of ["sha256", "blake2b"] as const) {
    const transfer = recordQueued(db, flow, put(algorithm), ledger.at);
    const members = [{ transfer, digest: digest(algorithm) }];
    const [id] = openBatches(db, { flow, run, at: 5, stage: null }, [{ members, bytes: 10 }]);
    closeBatch(db, id!, { status: 0, message: null }, 6);
  }
  using journal = new Journal({ db, flow, file: bytesOfText(file) as AbsPath, log: silentLog, changed: () => undefined });
  await journal.finish();
  expect(countOwed(db, flow)).toBe(0);
  expect(sqlite.prepare("SELECT filename, length(checksum) AS digits FROM files").all()).toEqual([{ filename: "blake2b", digits: 128 }]);
});

test("a batch is told once, and one of another ledger that began in the same microsecond is another", () => {
  using sqlite = new DatabaseSync(":memory:");
  makeTables(sqlite);
  const member = (path: string) => ({ path: bytesOfText(path) as never, digest: digest("blake2b"), sizeBytes: 1, mtimeNs: 1n });
  const [a, b] = [fileRow(sqlite, member("x/a")), fileRow(sqlite, member("x/b"))];
  const none = { preTookUs: 1, transferAtUs: null, transferTookUs: null, postAtUs: null, postTookUs: null, message: null };
  const story = { id: 1, preAtUs: 5, bytes: 1, files: 1, status: 0, ...none };
  for (const file of [a, a, b]) batchRow(sqlite, story, [file]);
  expect(sqlite.prepare("SELECT files_id FROM file_transfer_attempts ORDER BY 1").all()).toEqual([{ files_id: a }, { files_id: b }]);
});

test("what is asked for each batch does not read all rows", () => {
  using sqlite = new DatabaseSync(":memory:");
  makeTables(sqlite);
  const plan = (sql: string): string => JSON.stringify(sqlite.prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
  expect(plan("SELECT id FROM files WHERE relpath = 'x' AND filename = 'a' AND checksum = 'c'")).toMatch(
    /USING INDEX hotdir_files_by_name/,
  );
  expect(plan("SELECT 1 FROM transfer_batches WHERE pre_start_time = 'x'")).toMatch(/INDEX hotdir_batches_by_time/);
});
