import { expect, test } from "vitest";
import { lookOf, padEnd, progressBar, shorten, table, widthOf } from "./terminal.ts";

test("wide, combining and coloured characters are counted in columns", () => {
  expect(widthOf("abc")).toBe(3);
  expect(widthOf("観測")).toBe(4);
  expect(widthOf("e\u0301")).toBe(1);
  expect(widthOf("\x1b[31mred\x1b[39m")).toBe(3);
  expect(padEnd("観", 4)).toBe("観  ");
});

test("a long text is cut in the middle to the columns that there are", () => {
  expect(shorten("short", 10)).toBe("short");
  expect(shorten("run7/2026/very/long/name.nc", 11)).toBe("run7/…me.nc");
  for (const columns of [5, 6, 7, 8]) expect(widthOf(shorten("観測観測観測観測", columns))).toBeLessThanOrEqual(columns);
});

test("a table has columns as wide as their widest cell", () => {
  expect(
    table(
      [
        ["A", "N"],
        ["観測", "10"],
        ["b", "9"],
      ],
      new Set([1]),
    ),
  ).toEqual(["A      N", "観測  10", "b      9"]);
});

test("a progress bar is never longer or shorter than it should be", () => {
  expect(progressBar(0.5, 4)).toBe("██░░");
  expect(progressBar(7, 4)).toBe("████");
  expect(progressBar(-1, 4)).toBe("░░░░");
});

test("colours only on a terminal that wants them", () => {
  const terminal = { isTTY: true, columns: 80 } as NodeJS.WriteStream;
  expect(lookOf(terminal, {}).paint("red", "x")).toBe("\x1b[31mx\x1b[39m");
  expect(lookOf(terminal, { NO_COLOR: "1" }).paint("red", "x")).toBe("x");
  expect(lookOf(terminal, { TERM: "dumb" }).paint("red", "x")).toBe("x");
  expect(lookOf({ isTTY: false } as NodeJS.WriteStream, {})).toMatchObject({ columns: 100 });
  expect(lookOf({ isTTY: false } as NodeJS.WriteStream, {}).paint("red", "x")).toBe("x");
});
