import { expect, it } from "vitest";
import { matchDigests, readDigest } from "./digest-lines.ts";

const a = "a".repeat(32);
const b = "b".repeat(32);

it("gives each name its digest, and null to those that the tool left out", () => {
  const paths = ["./x", "./gone", "./new\nline  y", "./x"];
  expect(matchDigests("md5", paths, [`${a}  ./x`, `${b}  ./new\nline  y`])).toEqual([
    { algorithm: "md5", hex: a },
    null,
    { algorithm: "md5", hex: b },
    null,
  ]);
});

it("refuses a digest of another name, a second digest of one name, and what is no digest", () => {
  for (const entries of [[`${a}  ./y`], [`${a}  ./x`, `${b}  ./x`], ["hello"], [`${a}  ./z`, `${a}  ./x`]]) {
    expect(() => matchDigests("md5", ["./x", "./z"].slice(0, entries.length), entries)).toThrow("not asked for");
  }
});

it("reads a digest only where it ends as one", () => {
  expect(readDigest("md5", `${a}  -\n`)?.hex).toBe(a);
  expect(readDigest("md5", `${a}0  -\n`)).toBeNull();
  expect(readDigest("sha256", `${a}  -\n`)).toBeNull();
});
