import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readIfThere, removeDrafts, writeDurably } from "./durable-file.ts";
import { lockHolder, takeLock } from "./lock-file.ts";
import { ownIdentity } from "./process-identity.ts";

let place = "";
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "hotdir-lock-"));
});
afterAll(() => rmSync(place, { recursive: true }));

test("a lock has one holder, who is named in it, and another one can have it afterwards", () => {
  const file = join(place, "below", "lock");
  expect(lockHolder(file)).toBe(null);
  {
    using lock = takeLock(file);
    expect(lock).not.toBe(null);
    expect(takeLock(file)).toBe(null);
    expect(lockHolder(file)).toEqual(ownIdentity());
  }
  using again = takeLock(file);
  expect(again).not.toBe(null);
});

test("what was in the file before, longer than what is now, does not show", () => {
  const file = join(place, "old");
  writeFileSync(file, `${"9".repeat(9)} 1234567890123 ${"b".repeat(200)}\n`);
  expect(lockHolder(file)).toBe(null);
  using lock = takeLock(file);
  expect(lock).not.toBe(null);
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(2);
  expect(lockHolder(file)).toEqual(ownIdentity());
});

test("a file is replaced whole, with its mode, and none is left behind", () => {
  const file = join(place, "deep", "durable.json");
  expect(readIfThere(file)).toBe(null);
  // A directory that somebody removed does not come back.
  expect(() => writeDurably(file, "one")).toThrow("durable.json");
  mkdirSync(join(place, "deep"));
  writeDurably(file, "one and more");
  writeDurably(file, "two");
  // A process that is gone left one; one that lives is writing.
  writeFileSync(`${file}.4194999.new`, "half");
  writeFileSync(`${file}.${process.pid}.new`, "half");
  removeDrafts(join(place, "deep"));
  expect(readdirSync(join(place, "deep"))).toEqual(["durable.json", `durable.json.${process.pid}.new`]);
  expect(readIfThere(file)).toBe("two");
  expect(readIfThere(join(file, "below-a-file"))).toBe(null);
});
