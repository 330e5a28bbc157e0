import { expect, test } from "vitest";
import { suprsyncColumns } from "../../../test/support/foreign-table.ts";
import type { Bytes } from "../../kernel/path.ts";
import { fingerprintOf, type RowCells, readColumns, registrationOf, type TableCell } from "./cells.ts";
import { readRow, type TableRow } from "./row.ts";

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";
const text = (value: string): TableCell => ({ kind: "text", value: value as Bytes });
const blob = (value: string): TableCell => ({ kind: "blob", value: value as Bytes });
const number = (value: number): TableCell => ({ kind: "number", value });
const nothing: TableCell = { kind: "null" };

const good: RowCells["cells"] = {
  file: text("/data/a"),
  path: text("17000/a"),
  digest: text(MD5),
  found: nothing,
  registeredAt: number(1700.5),
  deliveredAt: nothing,
  removedAt: nothing,
  failures: number(0),
  removable: number(1),
  ignore: number(0),
};

const cells = (changes: Partial<RowCells["cells"]> = {}): RowCells => ({ row: 7, cells: { ...good, ...changes } });
const read = (changes: Partial<RowCells["cells"]> = {}): TableRow =>
  readRow(cells(changes), { columns: suprsyncColumns, algorithm: "md5" }, 99);

test("a row as the original writes it is understood", () => {
  expect(read()).toMatchObject({
    row: 7,
    unusable: null,
    file: "/data/a",
    path: "17000/a",
    digest: { algorithm: "md5", hex: MD5 },
    registeredAtS: 1700.5,
    failures: 0,
    removable: true,
    ignore: false,
    verified: false,
  });
});

test.each<[what: string, changes: Partial<RowCells["cells"]>, reason: RegExp]>([
  ["a relative file", { file: text("data/a") }, /local_path 'data\/a' is not an absolute path/],
  ["a file that is NULL", { file: nothing }, /local_path is NULL, not a path/],
  ["a file that is a number", { file: number(5) }, /local_path is 5, not a path/],
  ["a file with a NUL", { file: text("/a\0b") }, /local_path holds a NUL/],
  ["an absolute path", { path: text("/etc/passwd") }, /remote_path '\/etc\/passwd' is absolute/],
  ["a path that leads out", { path: text("a/../../b") }, /leads out of the destination/],
  ["a path of nothing", { path: text("./") }, /names no file/],
  ["a path that ends in a slash", { path: text("a/") }, /names no file/],
  ["a name that no file system takes", { path: text("x".repeat(256)) }, /more than 255 bytes/],
  ["a sum that is none", { digest: text("0123") }, /local_md5sum is '0123', not a sum of md5/],
  ["a sum that is a BLOB", { digest: blob("\xff\xfe") }, /local_md5sum is a BLOB '\\xff\\xfe', not a sum of md5/],
  ["a time that is text", { registeredAt: text("yesterday") }, /timestamp is 'yesterday', not a number/],
  ["a time that is NULL", { registeredAt: nothing }, /timestamp is NULL/],
  ["a time that no date has", { registeredAt: number(1e300) }, /timestamp is 1e\+300, which is no time/],
  ["a file that was removed and never delivered", { removedAt: number(7) }, /removed says that its file was removed, and nothing that it/],
  ["a time of removal that no date has", { removedAt: number(-1e13) }, /removed is -10000000000000, which is no time/],
  ["a count that is text", { failures: text("many") }, /failed_copy_attempts is 'many', not a number/],
])("%s makes a row unusable, with its reason", (_, changes, reason) => {
  expect(read(changes).unusable).toMatch(reason);
});

test("all that is wrong is told at once", () => {
  expect(read({ file: nothing, digest: text("x") }).unusable).toMatch(/local_path.*; local_md5sum/);
});

test("paths are bytes, and what says nothing in them goes", () => {
  expect(read({ file: blob("/data/\xff\n'\""), path: text(".//a/./b\n;") })).toMatchObject({
    unusable: null,
    file: "/data/\xff\n'\"",
    path: "a/b\n;",
  });
});

test("a sum in upper case is the same sum, and is found in upper case", () => {
  const upper = MD5.toUpperCase();
  expect(read({ digest: text(upper), found: text(MD5) })).toMatchObject({ digest: { hex: MD5 }, registered: upper, verified: true });
});

test("numbers in text columns, and values that the original leaves out, are understood", () => {
  const row = read({
    registeredAt: text("1700.25"),
    failures: nothing,
    removable: nothing,
    ignore: text("true"),
    copiedAt: nothing,
  } as never);
  expect(row).toMatchObject({ unusable: null, registeredAtS: 1700.25, failures: 0, removable: false, ignore: true });
});

test("a count beyond all counts is a large one, and a time of delivery beyond all times says that it was delivered", () => {
  expect(read({ failures: number(1e300), deliveredAt: number(1e300) })).toMatchObject({
    unusable: null,
    failures: 1e9,
    copiedAtS: 8.64e12,
  });
  expect(read({ failures: number(-(2 ** 62)) }).failures).toBe(-1e9);
});

test("which columns a table has says when a row is verified", () => {
  const without = (changes: object): typeof suprsyncColumns => ({ ...suprsyncColumns, ...changes });
  const verified = (columns: typeof suprsyncColumns, changes: Partial<RowCells["cells"]>): boolean =>
    readRow(cells(changes), { columns, algorithm: "md5" }, 0).verified;
  expect(verified(without({ found: null }), { deliveredAt: number(5) })).toBe(true);
  expect(verified(without({ found: null }), {})).toBe(false);
  expect(verified(without({ digest: null }), { digest: nothing, found: text(MD5) })).toBe(true);
  expect(verified(suprsyncColumns, { found: text("0".repeat(32)), deliveredAt: number(5) })).toBe(false);
});

test("every cell makes another fingerprint, the time of delivery by being there; only file, path and sum another registration", () => {
  const other: RowCells["cells"] = {
    file: text("/data/b"),
    path: text("b"),
    digest: text("0".repeat(32)),
    found: text(MD5),
    registeredAt: number(1),
    deliveredAt: number(1),
    removedAt: number(1),
    failures: number(1),
    removable: number(0),
    ignore: number(1),
  };
  for (const name of readColumns) {
    const changed = cells({ [name]: other[name] });
    expect(fingerprintOf(changed), name).not.toBe(fingerprintOf(cells()));
    expect(registrationOf(changed) === registrationOf(cells()), name).toBe(!["file", "path", "digest"].includes(name));
  }
  const delivered = (cell: TableCell): number => fingerprintOf(cells({ deliveredAt: cell }));
  expect(delivered(number(2))).toBe(delivered(number(1)));
  // A time that is none is corrected: the row is followed then.
  expect(new Set([nothing, number(1), text("soon"), text("5")].map(delivered)).size).toBe(4);
  // What moves from one cell into the next is not the same.
  expect(fingerprintOf(cells({ file: text("/a"), path: text("b") }))).not.toBe(fingerprintOf(cells({ file: text("/ab"), path: text("") })));
  expect(fingerprintOf(cells({ failures: number(1) }))).not.toBe(fingerprintOf(cells({ failures: text("1") })));
});
