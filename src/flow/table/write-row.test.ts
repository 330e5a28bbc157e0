import { expect, test } from "vitest";
import { suprsyncColumns } from "../../../test/support/foreign-table.ts";
import type { Bytes } from "../../kernel/path.ts";
import type { RowCells } from "./cells.ts";
import type { RowWrite } from "./messages.ts";
import { readRow, type TableRow } from "./row.ts";
import { changesOf } from "./write-row.ts";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const text = (value: string): RowCells["cells"]["file"] => ({ kind: "text", value: value as Bytes });
const none = { kind: "null" } as const;
const cells: RowCells["cells"] = {
  file: text("/a"),
  path: text("a"),
  digest: text(MD5),
  found: none,
  registeredAt: { kind: "number", value: 1 },
  deliveredAt: none,
  removedAt: none,
  failures: { kind: "number", value: 2 },
  removable: { kind: "number", value: 1 },
  ignore: none,
};
const row = (changes: Partial<RowCells["cells"]> = {}): TableRow =>
  readRow({ row: 1, cells: { ...cells, ...changes } }, { columns: suprsyncColumns, algorithm: "md5" }, 0);
const nothing: RowWrite = {
  row: 1,
  registration: row().registration,
  fingerprint: row().fingerprint,
  delivered: null,
  failures: { there: 2, told: null, now: 2 },
  removedAtS: null,
  ignore: false,
};
const changes = (write: Partial<RowWrite>, now: TableRow = row()): object => changesOf(now, { ...nothing, ...write });
const delivered = { hex: MD5, atS: 77.5 };

test("what was read back is written with its time, in the form of the row's own sum", () => {
  expect(changes({ delivered })).toEqual({ kind: "written", values: { found: MD5, deliveredAt: 77.5 } });
  const upper = row({ digest: text(MD5.toUpperCase()) });
  expect(changes({ delivered, registration: upper.registration }, upper)).toEqual({
    kind: "written",
    values: { found: MD5.toUpperCase(), deliveredAt: 77.5 },
  });
});

test("what the row says already, of us or of others, is not written again", () => {
  expect(changes({ delivered }, row({ found: text(MD5) }))).toEqual({ kind: "written", values: {} });
  expect(changes({ removedAtS: 5 }, row({ removedAt: { kind: "number", value: 3 } }))).toEqual({ kind: "written", values: {} });
  expect(changes({ ignore: true }, row({ found: text(MD5) }))).toEqual({ kind: "written", values: {} });
});

test("nothing is written into a row that names something else by now", () => {
  const other = row({ digest: text("0".repeat(32)) });
  expect(changes({ delivered, removedAtS: 5, ignore: true, failures: { there: 2, told: null, now: 3 } }, other)).toEqual({
    kind: "other",
    values: {},
  });
});

test("a failed attempt is counted where the row says what it said, and not again after a kill", () => {
  const failures = { there: 2, told: null, now: 3 };
  const count = (value: number): TableRow => row({ failures: { kind: "number", value } });
  expect(changes({ failures })).toEqual({ kind: "written", values: { failures: 3 } });
  expect(changes({ failures: { ...failures, told: 3 } }, count(3))).toEqual({ kind: "written", values: {} });
  expect(changes({ failures: { ...failures, told: 3 } }, count(2))).toEqual({ kind: "written", values: { failures: 3 } });
  // Somebody else set it meanwhile.
  expect(changes({ failures }, count(0))).toEqual({ kind: "recounted", values: {} });
  expect(changes({ failures: { ...failures, now: 2 } }, count(0))).toEqual({ kind: "written", values: {} });
});

test("a count that a person set is set, whatever the row says and names", () => {
  const failures = { there: null, told: null, now: 0 };
  expect(changes({ failures })).toEqual({ kind: "written", values: { failures: 0 } });
  expect(changes({ failures }, row({ digest: text("0".repeat(32)) }))).toEqual({ kind: "other", values: { failures: 0 } });
});

test("when a file went is written once, 0 where it was gone already", () => {
  expect(changes({ removedAtS: 0 })).toEqual({ kind: "written", values: { removedAt: 0 } });
});
