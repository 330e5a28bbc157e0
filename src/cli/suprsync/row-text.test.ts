import { expect, test } from "vitest";
import type { FileRow } from "../../suprsync/schema.ts";
import { rowText } from "./row-text.ts";

const row: FileRow = {
  id: 1,
  local_path: "/there/is/none",
  local_md5sum: "a",
  archive_name: "smurf",
  remote_path: "16750/a",
  timestamp: 1_700_000_000,
  remote_md5sum: "a",
  copied: 1_700_000_001,
  removed: null,
  failed_copy_attempts: 0,
  deletable: 1,
  ignore: 0,
};

test("a row is told as far as it is, also where its file cannot be looked at or its times are none", () => {
  expect(rowText(row)).toContain("timestamp: 1700000000 (2023-11-14T22:13:20.000Z)");
  expect(rowText(row)).toContain("-> verified at the destination; no file is there on this machine");
  expect(rowText({ ...row, local_path: `${process.execPath}/below` })).toContain("no file is there");
  expect(rowText({ ...row, local_path: "/a\0b" })).toContain("its file cannot be looked at");
  expect(rowText({ ...row, timestamp: 1e300 })).toContain("timestamp: 1e+300\n");
});

test("what was removed and never verified is not told as verified", () => {
  expect(rowText({ ...row, removed: 1_700_000_002 })).toContain("-> verified, and removed");
  expect(rowText({ ...row, removed: 1_700_000_002, remote_md5sum: null })).toContain("-> removed from this machine, and not verified");
});
