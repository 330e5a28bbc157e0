import { describe, expect, test } from "vitest";
import { isNewerThanAnnounced, isSeenAtOrigin, mayBeAnnounced, originVersion } from "./origin-version.ts";

const S = 1_000_000_000n;
const announced = { version: { inode: "sha512:ab", sizeBytes: 10, mtimeNs: 100n * S + 5n }, sizeKnown: true, pubTimeNs: 200n * S };
const seen = (sizeBytes: number | null, mtimeS: bigint | null): ReturnType<typeof originVersion> =>
  originVersion("http", { sizeBytes, mtimeNs: mtimeS === null ? null : mtimeS * S });

describe("what an origin has may be what was announced", () => {
  test.each([
    ["the same size and second", announced, seen(10, 100n), true, false],
    ["another size, later", announced, seen(11, 101n), false, true],
    ["another size, earlier: it lags behind", announced, seen(11, 99n), false, false],
    ["the same size, later", announced, seen(10, 101n), false, true],
    ["no time, the same size", announced, seen(10, null), true, false],
    ["no time, another size", announced, seen(11, null), false, true],
    ["a size that was not told", { ...announced, sizeKnown: false }, seen(11, 100n), true, false],
    [
      "a time that was not told, before the message",
      { ...announced, version: { ...announced.version, mtimeNs: 200n * S } },
      seen(10, 150n),
      true,
      false,
    ],
    [
      "a time that was not told, after the message",
      { ...announced, version: { ...announced.version, mtimeNs: 200n * S } },
      seen(10, 250n),
      true,
      true,
    ],
  ])("%s", (_, told, there, may, newer) => {
    expect(mayBeAnnounced(told, there)).toBe(may);
    expect(isNewerThanAnnounced(told, there)).toBe(newer);
  });
});

test("what was seen at an origin is told from what a message says, and from a file of this machine", () => {
  expect(isSeenAtOrigin(originVersion("sftp", { sizeBytes: 1, mtimeNs: 1n }))).toBe(true);
  for (const inode of ["2049:131", "sha512:ab", "announced:17"]) expect(isSeenAtOrigin({ inode, sizeBytes: 1, mtimeNs: 1n })).toBe(false);
});
