import { expect, test } from "vitest";
import { spaceShortage } from "./space.ts";

const mebibyte = 1024 * 1024;
const space = (freeBytes: number, freeFiles = 1000, totalFiles = 10_000): Parameters<typeof spaceShortage>[0] => ({
  totalBytes: 1000 * mebibyte,
  freeBytes,
  totalFiles,
  freeFiles,
});
const twoPercent = { kind: "percent" as const, percent: 2 };

test("below the mark the destination is left alone, with the figures", () => {
  expect(spaceShortage(space(20 * mebibyte), twoPercent, false)).toBeNull();
  expect(spaceShortage(space(20 * mebibyte - 1), twoPercent, false)).toContain("20 MiB are to stay free");
  expect(spaceShortage(space(5), { kind: "bytes", bytes: 6 }, false)).not.toBeNull();
});

test("to begin again more has to be free than the mark, so that a flow does not start and stop at the edge", () => {
  expect(spaceShortage(space(21 * mebibyte), twoPercent, true)).not.toBeNull();
  expect(spaceShortage(space(22 * mebibyte), twoPercent, true)).toBeNull();
});

test("free bytes are of no use without inodes, unless the file system counts none", () => {
  expect(spaceShortage(space(500 * mebibyte, 9), twoPercent, false)).toContain("no free inodes");
  expect(spaceShortage(space(500 * mebibyte, 99), twoPercent, true)).toContain("no free inodes");
  expect(spaceShortage(space(500 * mebibyte, 0, 0), twoPercent, false)).toBeNull();
});

test("where the far side does not tell, there is taken to be room", () => {
  expect(spaceShortage(null, twoPercent, true)).toBeNull();
  expect(spaceShortage({ totalBytes: 0, freeBytes: 0, totalFiles: 0, freeFiles: 0 }, twoPercent, false)).toBeNull();
});
