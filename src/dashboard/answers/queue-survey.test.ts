import { expect, test } from "vitest";
import { makeLedger, type TestLedger } from "../../../test/support/ledger.ts";
import { waitUntil } from "../../../test/support/waiting.ts";
import { QueueSurvey } from "./queue-survey.ts";

/** So many queued files, one a second, each a kibibyte larger. */
function fill(ledger: TestLedger, files: number): void {
  ledger.db.transaction(() => {
    for (let at = 0; at < files; at++)
      ledger.db.run(
        "INSERT INTO transfer (flow, kind, path, inode, size, mtime_ns, mode, links, state, seen_at, due_at) VALUES (?, 'put', ?, '1:1', ?, 0, 0, 1, 'queued', ?, 0)",
        ledger.flow,
        Buffer.from(`f${at}`),
        at * 1024,
        at * 1000,
      );
  });
}

const failed = (error: unknown): void => {
  throw error;
};

test("a short queue is counted before it answers", async () => {
  await using ledger = await makeLedger();
  fill(ledger, 100);
  using survey = new QueueSurvey(ledger.db, ledger.flow, failed);
  const { last, counting } = survey.ask(100_000);
  expect(counting).toBeNull();
  expect(last?.histograms).toMatchObject({ files: 100, bytes: (99 * 100 * 1024) / 2 });
  expect(last?.histograms.ages.map((bin) => bin.files)).toEqual([59, 41, 0, 0, 0, 0, 0]);
  expect(last?.histograms.sizes.map((bin) => bin.files)).toEqual([1, 63, 36, 0, 0, 0]);
});

test("a long one is counted in slices while it answers at once, each file once", async () => {
  await using ledger = await makeLedger();
  fill(ledger, 12_345);
  using survey = new QueueSurvey(ledger.db, ledger.flow, failed);
  const first = survey.ask(Date.now());
  expect(first).toEqual({ last: null, counting: { files: 1000 } });
  const { last } = await waitUntil("it is counted", () => {
    const asked = survey.ask(Date.now());
    return asked.last === null ? null : asked;
  });
  expect(last?.histograms.files).toBe(12_345);
  for (const bins of [last?.histograms.ages, last?.histograms.sizes]) expect(bins?.reduce((sum, bin) => sum + bin.files, 0)).toBe(12_345);
});

test("it is not counted anew at every question", async () => {
  await using ledger = await makeLedger();
  fill(ledger, 10);
  using survey = new QueueSurvey(ledger.db, ledger.flow, failed);
  const countedAtMs = survey.ask(Date.now()).last?.countedAtMs ?? 0;
  fill(ledger, 5);
  expect(survey.ask(countedAtMs + 500).last?.histograms.files).toBe(10);
  expect(survey.ask(countedAtMs + 60_000).last?.histograms.files).toBe(15);
});
