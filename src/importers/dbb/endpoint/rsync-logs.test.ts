import { expect, test } from "vitest";
import { isLogName, logDays, namedFiles } from "./rsync-logs.ts";

test("new files that were sent are named, whatever the log's format puts before them, spaces and all", () => {
  const log = Buffer.from(
    [
      "send <f+++++++++ n1/a.fits",
      "2026/11/29 01:02:03 [4711] <f+++++++++ n1/with space.fits",
      "send <f.st...... n1/changed.fits",
      "send cd+++++++++ n1/",
      "send <f+++++++++ ./n1/new\\#012line.fits",
      "send <f+++++++++ ../outside",
      "send <f+++++++++ n1/b.fits 1024 done",
    ].join("\n"),
  );
  expect(namedFiles(log)).toEqual([
    ["n1/a.fits"],
    ["n1/with space.fits", "n1/with"],
    ["n1/new\nline.fits"],
    ["n1/b.fits 1024 done", "n1/b.fits"],
  ]);
});

test("the days around a date, over the ends of months, or around today", () => {
  expect(logDays("2026-03-01", { pastDays: 1, futureDays: 1 }, 0)).toEqual(["20260228", "20260301", "20260302"]);
  expect(logDays(null, { pastDays: 0, futureDays: 0 }, new Date(2026, 10, 29, 23, 59).getTime())).toEqual(["20261129"]);
});

test("only rsync's logs are read, and no mark of one", () => {
  expect(["rsync-1.log", "rsync.log", "rsync.log.done", "my-rsync.log"].map(isLogName)).toEqual([true, true, false, false]);
});
